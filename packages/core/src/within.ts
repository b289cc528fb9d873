/**
 * Whether work ends within a number of milliseconds. It waits no longer, and ignores a later failure of the work.
 *
 * @param background whether the process may end during the wait. Default false
 * @throws the failure of the work, when it comes in time
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
