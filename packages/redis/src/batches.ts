import type { Client } from './client.js'

/** Items that one run of a script takes at most, so that other commands do not wait for long. */
const BATCH_SIZE = 64

/** Divides items into batches for one run of a script each. On a Cluster, the keys of a batch have the same `{tag}`. */
export function batches<T> (client: Client, items: readonly T[], keyOf: (item: T) => string): T[][] {
  const together = client.isCluster ? grouped(items, (item) => tagOf(keyOf(item))).values() : [items]
  const all: T[][] = []
  for (const group of together) {
    for (let i = 0; i < group.length; i += BATCH_SIZE) all.push(group.slice(i, i + BATCH_SIZE))
  }
  return all
}

export function grouped<T, Group> (items: readonly T[], groupOf: (item: T) => Group): Map<Group, T[]> {
  const groups = new Map<Group, T[]>()
  for (const item of items) {
    const group = groupOf(item)
    const members = groups.get(group)
    if (members === undefined) groups.set(group, [item])
    else members.push(item)
  }
  return groups
}

function tagOf (key: string): string {
  return key.slice(key.indexOf('{'), key.indexOf('}'))
}
