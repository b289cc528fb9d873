import type { Backend } from '../backend.js'
import type { Follower } from './follower.js'
import type { Followers } from './followers.js'

/** Gets the backend that served before, before any write to the new serving backend. */
type OnServed = (before: Backend) => void

/**
 * Makes a follower's copy the serving backend as soon as the copy lacks nothing. Calls wait for the last changes, no
 * longer than one attempt takes.
 */
export async function handOver (
  followers: Followers, follower: Follower, onServed: OnServed = () => {}
): Promise<void> {
  await follower.caughtUp()
  await followers.router.exclusively(async () => {
    await follower.settled()
    await serveFrom(followers, follower, onServed)
  })
}

/**
 * {@link handOver} for a primary that does not come back. Afterwards each of the two backends may lack changes that
 * the other has.
 *
 * @returns how many records lack a change at the follower's copy
 */
export async function handOverAsItIs (
  followers: Followers, follower: Follower, onServed: OnServed
): Promise<number> {
  return await followers.router.exclusively(async () => {
    const lacking = await follower.giveUp()
    await serveFrom(followers, follower, onServed)
    return lacking
  })
}

async function serveFrom (followers: Followers, follower: Follower, onServed: OnServed): Promise<void> {
  const before = followers.router.serving
  await followers.router.serveFrom(follower.copy)
  await followers.unfollow(follower)
  onServed(before)
}
