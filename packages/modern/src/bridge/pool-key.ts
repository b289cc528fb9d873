import { randomUUID } from 'node:crypto'
import { type Json, ownerName } from '@holdfast/core'
import type { ModernCall } from '../modern-call.js'
import { digestOf } from '../request-binding.js'
import type { SessionUser } from './ephemeral-session.js'
import { serverCapabilities } from './server-request.js'

/** What a call needs of a server object. */
export interface Wanted {
  /** With whom its place is shared. */
  readonly owner: string
  /** Whether `owner` stands for this one call, because nobody says who calls. */
  readonly nobody: boolean
  /** Whether the server object may serve several owners, one after the other. */
  readonly mixed: boolean
  /** Equal keys may use the same server object, one after the other. Undefined: nobody else may use it. */
  readonly key: string | undefined
  readonly user: SessionUser
  readonly capabilities: object
  readonly client: object
}

/** For clients that do not say who they are. SDK v1 refuses a handshake without a name. */
const UNKNOWN = { name: 'unknown', version: '0' }

/** Characters of a name that is kept as it is. */
const LONGEST_NAME = 512

/** Names parts that JSON can write, for the keys of a map. The client may have made them large. */
export function nameOf (parts: readonly unknown[]): string {
  const name = JSON.stringify(parts)
  return name.length <= LONGEST_NAME ? name : digestOf(parts)
}

/** What a call needs of a server object, and which other calls may use the same one. */
export function wantedBy (call: ModernCall, context: Json, perReplica: boolean): Wanted {
  const { inbound: { principal }, meta } = call
  const owner = ownerName(principal)
  const capabilities = serverCapabilities(meta.capabilities)
  const client = meta.client ?? UNKNOWN
  const alone = owner === '' || perReplica
  return {
    // Nobody knows whether two callers without a principal are the same.
    owner: alone ? randomUUID() : owner,
    key: owner === '' && !perReplica
      ? undefined
      // A client writes the same in the same order. Where it does not, it gets another server object.
      : nameOf([perReplica ? '' : owner, capabilities, client, context]),
    nobody: owner === '' && !perReplica,
    mixed: perReplica,
    user: { principal, context },
    capabilities,
    client
  }
}
