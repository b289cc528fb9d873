interface ArrivalOptions {
  requestTimeout: number
  http: { headersTimeout: number, connectionsCheckingInterval: number }
}

/**
 * Options of Fastify and Node that end a request which never arrives in full: Node answers it 408 and ends its socket.
 * They limit neither replies nor the pause between two requests. Fastify's `connectionTimeout` is left off: it would
 * end the socket of a call that runs for long without a message.
 *
 * @param milliseconds for the head and the body together; a third of it for the head
 */
export function arrivesWithin (milliseconds: number): ArrivalOptions {
  const headersTimeout = Math.ceil(milliseconds / 3)
  // By itself, Node looks every 30 s.
  const connectionsCheckingInterval = Math.min(headersTimeout, 5_000)
  return { requestTimeout: milliseconds, http: { headersTimeout, connectionsCheckingInterval } }
}
