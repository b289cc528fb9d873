import { InvalidOptionError } from './errors.js'
import { isObject } from './json.js'

/** The user to whom a session belongs. It holds no token, so a refreshed token names the same principal. */
export interface Principal {
  /** The authority that vouches for the subject: `iss` of a token. */
  issuer?: string
  /** The user or service account: `sub` of a token. */
  subject: string
  /**
   * The application that acts for the subject: `client_id` or `azp` of a token. It is stored and shown, and is a part
   * of the owner only with `perClient`.
   */
  clientId?: string
  /** The organisation for which the subject acts. One subject in two tenants is two owners. */
  tenantId?: string
  /**
   * Keeps the sessions of each client apart. Default false: a client that registers again finds the sessions of its
   * user.
   */
  perClient?: boolean
}

/**
 * Whether a value is a complete principal: a non-empty subject; strings for the other parts, if present; a boolean for
 * `perClient`.
 */
export function isPrincipal (value: unknown): value is Principal {
  return isObject(value) && typeof value.subject === 'string' && value.subject !== '' &&
    [value.issuer, value.clientId, value.tenantId].every(part => part === undefined || typeof part === 'string') &&
    (value.perClient === undefined || typeof value.perClient === 'boolean')
}

/**
 * A string that is equal only for principals of the same owner; `''` for nobody. The owner consists of issuer, subject
 * and tenant, and with `perClient` also of the client. An absent part differs from an empty one.
 *
 * @throws InvalidOptionError when it is no principal: all principals without a subject would share their sessions
 */
export function ownerName (principal: Principal | null): string {
  if (principal === null) return ''
  if (!isPrincipal(principal)) {
    throw new InvalidOptionError(
      'principal', 'expected a non-empty subject, strings for the other parts, and a boolean for perClient'
    )
  }
  // JSON escapes lone surrogates. UTF-8 would turn all of them into the same character.
  const { issuer, subject, tenantId, clientId, perClient } = principal
  const parts = [issuer, subject, tenantId, ...(perClient === true ? [clientId] : [])]
  return JSON.stringify(parts.map(part => part ?? null))
}

/** Whether two principals own the same sessions. */
export function samePrincipal (a: Principal | null, b: Principal | null): boolean {
  if (a === null || b === null) return a === b
  const perClient = a.perClient === true
  return a.subject === b.subject && a.issuer === b.issuer && a.tenantId === b.tenantId &&
    perClient === (b.perClient === true) && (!perClient || a.clientId === b.clientId)
}
