/**
 * Whether something has ended within so many milliseconds. Waits no longer: what it fails with later, nobody hears.
 *
 * @param background whether the wait lets the process end. Default: it does not
 * @throws what it fails with in time
 */
export async function within (work: Promise<unknown>, ms: number, background = false): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => { timer = setTimeout(resolve, ms, false) })
  if (background) timer?.unref()
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
