import type { Backend, Codec } from '@holdfast/core'
import { sessionsOf } from './connection.js'
import { askEra } from './era.js'
import { type Finding, ok, warning } from './finding.js'

/** Says whether clients of a later revision than the servers serve were refused. Nothing where no server counts. */
export async function examineEra (backend: Backend, codec: Codec, namespace: string): Promise<Finding[]> {
  const { clients, replicas } = await askEra(sessionsOf(backend, codec, namespace))
  if (replicas.length === 0) return []
  const refused = clients.filter(({ refused }) => refused > 0)
  if (refused.length === 0) return [ok('clients', 'none was refused because of its revision of MCP')]
  const names = new Set(refused.map(({ name }) => name)).size
  const message = `clients of ${names} ${names === 1 ? 'name' : 'names'} were refused because of their revision of ` +
    'MCP: see holdfast era; the option modern serves 2026-07-28'
  return [warning('clients', message)]
}
