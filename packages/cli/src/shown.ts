import { type Principal, type SessionSummary, printableTexts } from '@holdfast/core'

/**
 * A session as an operator sees it, with the names of the admin routes: never its id, context or data. Times are
 * milliseconds since the epoch.
 */
export interface Shown {
  key: string
  label: string
  owner: string
  principal: Principal | null
  client: { name?: string, version?: string }
  protocolVersion: string
  createdAt: number
  usedAt: number
  expiresAt: number
  version: number
  /** Whether it opens with the keys in HOLDFAST_KEYS. */
  readable: boolean
}

export function shown ({ key, label, owner, createdAt, usedAt, expiresAt, version, state }: SessionSummary): Shown {
  return {
    key,
    label,
    owner,
    principal: state?.principal == null ? null : printablePrincipal(state.principal),
    client: printableTexts({ name: state?.client.name, version: state?.client.version }),
    protocolVersion: state?.handshake.protocolVersion ?? '',
    createdAt,
    usedAt,
    expiresAt,
    version,
    readable: state !== undefined
  }
}

function printablePrincipal ({ perClient, ...parts }: Principal): Principal {
  const { subject = '', ...others } = printableTexts(parts, 256)
  return { subject, ...others, ...(perClient === true && { perClient }) }
}

/** The principal of a session, in one line. */
export function whose ({ readable, principal }: Shown): string {
  if (!readable) return '(not readable)'
  return principal === null ? '(nobody)' : Object.values(principal).filter(part => typeof part === 'string').join(' ')
}

/** The name and version that the client gave itself, in one line. */
export function clientOf ({ client: { name = '', version = '' } }: Shown): string {
  return `${name} ${version}`.trim()
}

/** A time in ISO format, to the second. */
export function time (at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
