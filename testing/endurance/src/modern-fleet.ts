import type { Kind } from '@holdfast/two-eras/kinds'
import { ENTRY } from '@holdfast/two-eras/start-server'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { RedisStorage } from '@holdfast/three-replicas/storage'

export type ModernFleet = Fleet<RedisStorage>

/** Has three replicas that serve both eras, on a Redis of their own, until the use of them is over. */
export async function withModernFleet<T> (
  kind: Kind, environment: Record<string, string>, use: (fleet: ModernFleet) => Promise<T>
): Promise<T> {
  const fleet = await Fleet.on(await RedisStorage.start(), { MODERN_SERVER: kind, ...environment }, ENTRY)
  try {
    return await use(fleet)
  } finally {
    await fleet.stop()
  }
}

/** Says where the next request goes: to each replica in its turn. */
export function turns ({ replicas }: Pick<Fleet, 'replicas'>): () => URL {
  let turn = 0
  return () => replicas[turn++ % replicas.length]?.url as URL
}
