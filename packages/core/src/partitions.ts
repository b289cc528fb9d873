import type { Backend } from './backend.js'
import { InvalidOptionError } from './errors.js'

/** The kind of the records in the backend itself. */
export const SESSION = 'session'

/** Stands for the backend itself where a name of a partition is expected. */
export const ROOT = ''

/**
 * The kind of a partition's records, as keys and seals name it.
 *
 * @param name of the partition, or {@link ROOT}
 */
export function recordKind (name: string): string {
  return name === ROOT ? SESSION : `record:${name}`
}

/** @throws InvalidOptionError */
function partitionName (name: string): string {
  if (typeof name === 'string' && /^[a-z]{1,16}$/.test(name)) return name
  throw new InvalidOptionError('partition', 'expected 1 to 16 letters from a to z')
}

/**
 * For backends: the partition with a name. The first call with a name makes the partition.
 *
 * @param made the partitions so far, by name
 * @throws InvalidOptionError for an invalid name
 */
export function partitionIn<Partition> (
  made: Map<string, Partition>, name: string, make: (name: string) => Partition
): Partition {
  const known = made.get(partitionName(name))
  if (known !== undefined) return known
  const partition = make(name)
  made.set(name, partition)
  return partition
}

/**
 * A partition of a backend, or the backend itself.
 *
 * @param name of the partition, or {@link ROOT}
 */
export function partitionOf (backend: Backend, name: string): Backend {
  return name === ROOT ? backend : backend.partition(name)
}

/** {@link ROOT} and the names of all partitions. */
export async function allPartitions (backend: Backend): Promise<string[]> {
  return [ROOT, ...await backend.partitions()]
}
