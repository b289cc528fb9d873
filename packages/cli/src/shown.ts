import { type Principal, type SessionSummary, printableTexts } from '@holdfast/core'

/**
 * What an operator sees of a session, as the admin routes name it: never its id, context or data. Times in milliseconds
 * since the epoch.
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
  /** Whether it opens with the keys that are here. */
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

/** Whose it is, on a line. */
export function whose ({ readable, principal }: Shown): string {
  if (!readable) return '(not readable)'
  return principal === null ? '(nobody)' : Object.values(principal).filter(part => typeof part === 'string').join(' ')
}

/** What the client calls itself, on a line. */
export function clientOf ({ client: { name = '', version = '' } }: Shown): string {
  return `${name} ${version}`.trim()
}

/** To the second, as operators read it. */
export function time (at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
