/**
 * What Fastify and Node are told so that a request that never arrives in full holds nothing up: Node answers it 408 and ends its socket.
 * Replies are not bounded by it, nor is the pause between two requests. Fastify's `connectionTimeout` is left off: it would end the
 * socket of a call that runs for long and says nothing meanwhile.
 *
 * @param milliseconds for the head and the body together; a third of it for the head
 */
export function arrivesWithin (milliseconds: number): { requestTimeout: number, http: { headersTimeout: number, connectionsCheckingInterval: number } } {
  const headersTimeout = Math.ceil(milliseconds / 3)
  // By itself, Node looks every 30 s.
  return { requestTimeout: milliseconds, http: { headersTimeout, connectionsCheckingInterval: Math.min(headersTimeout, 5_000) } }
}
