import type { Command } from 'commander'
import { type Principal, type Sessions, ownerDigest } from '@holdfast/core'
import { UsageError } from './failure.js'

/** Whose sessions a command is about: the parts of a principal, or its digest. */
export interface Whose {
  subject?: string
  issuer?: string
  clientId?: string
  perClient?: boolean
  tenant?: string
  owner?: string
}

/** Adds the options of {@link Whose}. */
export function owned (command: Command): Command {
  return command
    .option('--subject <text>', 'of the principal with this subject')
    .option('--issuer <text>', '… and this issuer')
    .option('--tenant <text>', '… and this tenant')
    .option('--per-client', '… where the application keeps the sessions of each client apart')
    .option('--client-id <text>', '… and this client id, with --per-client')
    .option('--owner <digest>', 'the same in one word, as --json lists it')
}

/** @returns the digest of the owner, or undefined when nobody is named. @throws UsageError */
export function ownerOf (
  { subject, issuer, clientId, perClient, tenant: tenantId, owner }: Whose
): ((sessions: Sessions) => string) | undefined {
  const parts = {
    ...issuer !== undefined && { issuer },
    ...clientId !== undefined && { clientId },
    ...tenantId !== undefined && { tenantId },
    ...perClient !== undefined && { perClient }
  }
  const named = subject !== undefined || Object.keys(parts).length > 0
  if (owner !== undefined) {
    if (named) throw new UsageError('Give a principal or --owner, not both.')
    if (!/^[\w-]{43}$/.test(owner)) throw new UsageError('--owner: expected the digest of an owner, as listed.')
    return () => owner
  }
  if (!named) return undefined
  if (subject === undefined) throw new UsageError('A principal has a subject: give --subject, too.')
  if (clientId !== undefined && perClient === undefined) {
    throw new UsageError('A client id is part of an owner only where the application keeps clients apart: give ' +
      '--per-client, too, or leave it out.')
  }
  const principal: Principal = { subject, ...parts }
  return ({ vault: { namespace } }) => ownerDigest(namespace, principal)
}
