import { randomUUID } from 'node:crypto'
import { type Json, ownerName } from '@holdfast/core'
import type { ModernCall } from '../modern-call.js'
import { digestOf } from '../request-binding.js'
import { serverCapabilities } from './server-request.js'
import type { Wanted } from './server-pool.js'

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
    user: { principal, context },
    capabilities,
    client
  }
}
