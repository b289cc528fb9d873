import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** The bearer token that came with a request (RFC 6750). */
export function bearerToken ({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** Of equal length whatever the token, so that two can be compared in constant time. */
export function tokenDigest (token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
