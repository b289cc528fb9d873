import type { Authorize } from '@holdfast/fastify'
import { bearing } from './bearer-token.js'

/** Whoever has the token may use every admin route. */
export function adminToken (token: string): Authorize {
  const isBearer = bearing(token)
  return request => {
    const known = isBearer(request)
    if (known === undefined) throw Object.assign(new Error('a bearer token is needed'), { statusCode: 401 })
    return known
  }
}

/** @throws Error which shows nothing of the token */
export function parseAdminToken (text: string): string {
  if (/^[\w.~+/-]{16,}=*$/.test(text)) return text
  throw new Error('expected a token of 16 or more letters, digits and -._~+/')
}
