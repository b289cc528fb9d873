import type { Command } from 'commander'
import type { OwnerRef } from '@holdfast/core'
import { UsageError } from './failure.js'

/** The owner of the sessions that a command works on: the parts of a principal, or its digest. */
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
    .option('--subject <text>', 'the subject of the principal')
    .option('--issuer <text>', 'the issuer of the principal, if it has one')
    .option('--tenant <text>', 'the tenant of the principal, if it has one')
    .option('--per-client', 'for an application that keeps the sessions of each client apart')
    .option('--client-id <text>', 'the client id of the principal, with --per-client')
    .option('--owner <digest>', 'instead of the parts above: the digest of the principal, as --json lists it')
}

/** @returns the owner that is given, if any. @throws UsageError */
export function ownerOf (
  { subject, issuer, clientId, perClient, tenant: tenantId, owner }: Whose
): OwnerRef | undefined {
  const parts = {
    ...issuer !== undefined && { issuer },
    ...clientId !== undefined && { clientId },
    ...tenantId !== undefined && { tenantId },
    ...perClient !== undefined && { perClient }
  }
  const named = subject !== undefined || Object.keys(parts).length > 0
  if (owner !== undefined) {
    if (named) throw new UsageError('Use either --owner or the parts of a principal, not both.')
    if (!/^[\w-]{43}$/.test(owner)) throw new UsageError('--owner: expected a digest, as --json lists it.')
    return { owner }
  }
  if (!named) return undefined
  if (subject === undefined) throw new UsageError('A principal has a subject. Use --subject, too.')
  if (clientId !== undefined && perClient === undefined) {
    throw new UsageError('A client id is part of an owner only if the application keeps clients apart. Use ' +
      '--per-client, too, or leave out --client-id.')
  }
  return { principal: { subject, ...parts } }
}
