import type { RecordKey } from '@holdfast/core'

/**
 * An entry of the index: a record, and which write created it, so that a later record of the same key is told apart.
 */
export interface Entry {
  key: RecordKey
  born: string
}

export function entryName ({ key, born }: Entry): string {
  return `${key}|${born}`
}

export function parseEntry (name: string): Entry | undefined {
  const [, key, born] = /^([^|]*\.[^|]*)\|(\w+)$/.exec(name) ?? []
  return key === undefined || born === undefined ? undefined : { key, born }
}
