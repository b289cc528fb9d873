import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** The bearer token that came with a request (RFC 6750). */
export function bearerToken ({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** Of equal length whatever the token, so that two can be compared in constant time. */
export function tokenDigest (token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** @returns whether a request came with this token; undefined when it came with none */
export function bearing (token: string): (request: FastifyRequest) => boolean | undefined {
  const expected = tokenDigest(token)
  return request => {
    const presented = bearerToken(request)
    return presented === undefined ? undefined : timingSafeEqual(tokenDigest(presented), expected)
  }
}
