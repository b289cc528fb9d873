import { InvalidOptionError } from './errors.js'
import { isObject } from './json.js'

/** Who a session belongs to. Never token bytes: a refreshed token names the same principal. */
export interface Principal {
  /** Who vouches for the subject, as `iss` of a token. */
  issuer?: string
  /** The user or service account, as `sub` of a token. */
  subject: string
  /**
   * The application acting for the subject, as `client_id` or `azp` of a token. Kept and shown; part of the
   * owner only with `perClient`.
   */
  clientId?: string
  /** The organisation on whose behalf it all is. One subject in two tenants is two owners. */
  tenantId?: string
  /** Keeps the sessions of each client apart. Default false: a client that registers anew finds its user's sessions. */
  perClient?: boolean
}

/**
 * Whether a value is a principal in full: a non-empty subject, and strings for the other parts that there
 * are; `perClient` is a boolean.
 */
export function isPrincipal (value: unknown): value is Principal {
  return isObject(value) && typeof value.subject === 'string' && value.subject !== '' &&
    [value.issuer, value.clientId, value.tenantId].every(part => part === undefined || typeof part === 'string') &&
    (value.perClient === undefined || typeof value.perClient === 'boolean')
}

/**
 * A string that is equal for principals of one owner only; `''` for nobody. The owner is issuer, subject and tenant,
 * and with `perClient` the client. Absent parts differ from empty ones.
 *
 * @throws InvalidOptionError unless it is a principal: one without a subject would be shared by all who lack it
 */
export function ownerName (principal: Principal | null): string {
  if (principal === null) return ''
  if (!isPrincipal(principal)) {
    throw new InvalidOptionError(
      'principal', 'expected a non-empty subject, strings for the other parts, and a boolean for perClient'
    )
  }
  // JSON escapes a lone surrogate, which UTF-8 would turn into the same character as every other one.
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
