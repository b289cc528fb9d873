import { timingSafeEqual } from 'node:crypto'
import type { Authorize } from '@holdfast/fastify'
import { bearerToken, tokenDigest } from './bearer-token.js'

/** Whoever has the token may use every admin route. */
export function adminToken (token: string): Authorize {
  const expected = tokenDigest(token)
  return request => {
    const presented = bearerToken(request)
    if (presented === undefined) throw Object.assign(new Error('a bearer token is needed'), { statusCode: 401 })
    return timingSafeEqual(tokenDigest(presented), expected)
  }
}

/** @throws Error which shows nothing of the token */
export function parseAdminToken (text: string): string {
  if (/^[\w.~+/-]{16,}=*$/.test(text)) return text
  throw new Error('expected a token of 16 or more letters, digits and -._~+/')
}
