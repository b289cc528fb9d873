import { type Inbound, header } from '../http/inbound.js'
import type { McpCall } from './mcp-call.js'

/** W3C trace context. */
export type Trace = NonNullable<McpCall['trace']>

/** W3C Trace Context §3.2. Later versions may add to it. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}(-[\x21-\x7e]{0,200})?$/

/** Characters that every participant must pass on: W3C Trace Context §3.3.1.5 and W3C Baggage §3.3.2. */
const LONGEST = { tracestate: 512, baggage: 8_192 }

/**
 * The trace context of a request: from `_meta` (MCP 2026-07-28, basic/index, OpenTelemetry trace context), or from the
 * HTTP headers of the same names when `_meta` has none. What is malformed is left out: tracing never refuses a request.
 */
export function traceOf (
  meta: Readonly<Record<string, unknown>>, inbound: Pick<Inbound, 'headers'>
): Trace | undefined {
  if (meta.traceparent !== undefined) return trace(meta.traceparent, meta.tracestate, meta.baggage)
  if (inbound.headers.traceparent === undefined) return undefined
  return trace(header(inbound, 'traceparent'), header(inbound, 'tracestate'), inbound.headers.baggage)
}

function trace (traceparent: unknown, tracestate: unknown, baggage: unknown): Trace | undefined {
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined
  return {
    traceparent,
    ...(isText(tracestate, LONGEST.tracestate) && { tracestate }),
    ...(isText(baggage, LONGEST.baggage) && { baggage })
  }
}

function isText (value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest
}
