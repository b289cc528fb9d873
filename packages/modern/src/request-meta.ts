import type { JsonObject } from '@holdfast/core'

/** What a request says of itself in `_meta` (MCP 2026-07-28, basic/index). */
export interface RequestMeta {
  /** `io.modelcontextprotocol/protocolVersion`. */
  readonly version: string
  /** `io.modelcontextprotocol/clientCapabilities`. */
  readonly capabilities: Readonly<JsonObject>
  /** `io.modelcontextprotocol/clientInfo`, which a client should send. */
  readonly client?: { readonly name: string, readonly version: string }
  /** `io.modelcontextprotocol/logLevel`. Without it, the client gets no log messages. */
  readonly logLevel?: string
  readonly progressToken?: string | number
  /** W3C trace context. */
  readonly trace?: { readonly traceparent: string, readonly tracestate?: string, readonly baggage?: string }
}
