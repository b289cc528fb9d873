import type { Client } from './client.js'

/** What one run of a script takes at most, so that others do not wait for long. */
const MOST = 64

/**
 * Divides what a script is to be run for into what it can take at once: anything, but on a Cluster only what has one
 * `{tag}`.
 */
export function batches<T> (client: Client, items: readonly T[], keyOf: (item: T) => string): T[][] {
  const together = client.isCluster ? grouped(items, (item) => tagOf(keyOf(item))).values() : [items]
  const all: T[][] = []
  for (const group of together) {
    for (let i = 0; i < group.length; i += MOST) all.push(group.slice(i, i + MOST))
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
