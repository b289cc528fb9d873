import type { Backend } from './backend.js'
import { InvalidOptionError } from './errors.js'

/** The kind of record that a backend itself holds. */
export const SESSION = 'session'

/** The name that stands for the backend itself, which is no partition. */
export const ROOT = ''

/**
 * What the records of a partition are called in keys and seals.
 *
 * @param name of the partition, or {@link ROOT}
 */
export function recordKind (name: string): string {
  return name === ROOT ? SESSION : `record:${name}`
}

/**
 * For backends: the name of a partition, checked.
 *
 * @throws InvalidOptionError
 */
export function partitionName (name: string): string {
  if (typeof name === 'string' && /^[a-z]{1,16}$/.test(name)) return name
  throw new InvalidOptionError('partition', 'expected 1 to 16 letters from a to z')
}

/** @param name of the partition, or {@link ROOT} */
export function partitionOf (backend: Backend, name: string): Backend {
  return name === ROOT ? backend : backend.partition(name)
}

/** {@link ROOT} and the names of all partitions. */
export async function allPartitions (backend: Backend): Promise<string[]> {
  return [ROOT, ...await backend.partitions()]
}
