import type { Link } from './link.js'
import { toCount, toText } from './script-reply.js'

/**
 * Deletes the lists of events that a script left, a slice at a time, so that no single command takes long. If this
 * fails, the lists expire.
 */
export async function unlinkLists (link: Link, left: readonly unknown[]): Promise<void> {
  await Promise.all(left.map(toText).map(async (lists) => {
    while (toCount(await link.run('stream-unlink-lists', [lists])) === 1);
  }))
}
