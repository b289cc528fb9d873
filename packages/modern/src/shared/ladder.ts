/** A request needs a capability that its client has not declared (MCP 2026-07-28, basic/index). */
const MISSING_CAPABILITY = -32021

/**
 * HTTP statuses of errors that the protocol itself raises (MCP 2026-07-28, basic/transports/streamable-http). An error
 * of a handler with the same code is an ordinary answer.
 */
const STATUSES: Readonly<Record<number, number>> = {
  [-32700]: 400, [-32600]: 400, [-32601]: 404, [-32602]: 400, [-32020]: 400, [-32022]: 400
}

/**
 * The HTTP status of a JSON-RPC error; undefined for 200.
 *
 * @param beforeHandler whether the server answered before it ran a handler
 */
export function statusOf (code: number, beforeHandler: boolean): number | undefined {
  if (code === MISSING_CAPABILITY) return 400
  return beforeHandler ? STATUSES[code] : undefined
}
