import type { RecordKey } from '@holdfast/core'

/** An entry of the index: the key of a record and the id of the write that created it, since a key may be reused. */
export interface IndexEntry {
  key: RecordKey
  born: string
}

export function entryName ({ key, born }: IndexEntry): string {
  return `${key}|${born}`
}

export function parseEntry (name: string): IndexEntry | undefined {
  const [, key, born] = /^([^|]*\.[^|]*)\|(\w+)$/.exec(name) ?? []
  return key === undefined || born === undefined ? undefined : { key, born }
}
