/**
 * Whether something has ended within so many milliseconds. Waits no longer, and keeps no process
 * alive: what it fails with later, nobody hears.
 *
 * @throws what it fails with in time
 */
export async function within (work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => { timer = setTimeout(resolve, ms, false).unref() })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
