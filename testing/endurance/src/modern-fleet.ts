import type { Kind } from '@holdfast/two-eras/kinds'
import { ENTRY } from '@holdfast/two-eras/start-server'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { RedisStorage } from '@holdfast/three-replicas/storage'
import type { Trial } from './trial.js'

/** Three replicas that serve both eras, on a Redis of their own. They end with the trial. */
export async function modernFleet (
  trial: Trial, kind: Kind, environment: Record<string, string> = {}
): Promise<Fleet<RedisStorage>> {
  const fleet = await Fleet.on(await RedisStorage.start(), { MODERN_SERVER: kind, ...environment }, ENTRY)
  trial.defer(async () => { await fleet.stop() })
  return fleet
}

/** Says where the next request goes: to each replica in its turn. */
export function turns ({ replicas }: Pick<Fleet, 'replicas'>): () => URL {
  let turn = 0
  return () => replicas[turn++ % replicas.length]?.url as URL
}
