/** Waits for some work, but not longer than some milliseconds. False when the time was over first. Does not keep the process alive. */
export async function within (milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<false>(resolve => { timer = setTimeout(resolve, milliseconds, false).unref() })
  try {
    return await Promise.race([work.then(() => true), over])
  } finally {
    clearTimeout(timer)
  }
}
