/** Who a session belongs to. Never token bytes: a refreshed token names the same principal. */
export interface Principal {
  /** Who vouches for the subject, as `iss` of a token. */
  issuer?: string
  /** The user or service account, as `sub` of a token. */
  subject: string
  /** The application acting for the subject, as `client_id` or `azp` of a token. */
  clientId?: string
  tenantId?: string
}

/** A string that is equal for equal principals only; `''` for nobody. Absent parts differ from empty ones. */
export function ownerName (principal: Principal | null): string {
  if (principal === null) return ''
  return part(principal.issuer) + part(principal.subject) + part(principal.clientId) + part(principal.tenantId)
}

function part (value: string | undefined): string {
  return value === undefined ? '-' : `${value.length}:${value}`
}

/** Whether two principals own the same sessions. */
export function samePrincipal (a: Principal | null, b: Principal | null): boolean {
  if (a === null || b === null) return a === b
  return a.subject === b.subject && a.issuer === b.issuer && a.clientId === b.clientId && a.tenantId === b.tenantId
}
