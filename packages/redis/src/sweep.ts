import type { Link } from './link.js'
import { toCount, toText } from './reply.js'

/**
 * Deletes the entries of streams that a script forgot and left, a slice at a time. Those that stay, because this fails,
 * expire.
 */
export async function sweep (link: Link, left: readonly unknown[]): Promise<void> {
  await Promise.all(left.map(toText).map(async (lists) => {
    while (toCount(await link.run('sweep', [lists])) === 1);
  }))
}
