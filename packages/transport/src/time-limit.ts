/** A promise that resolves after some milliseconds, unless it is cancelled. Does not keep the process alive. */
function timeLimit (milliseconds: number): { over: Promise<void>, cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>(resolve => { timer = setTimeout(resolve, milliseconds).unref() })
  return { over, cancel: () => clearTimeout(timer) }
}

/** Waits for some work, but not longer than some milliseconds. False when the time was over first. */
export async function within (milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const limit = timeLimit(milliseconds)
  try {
    return await Promise.race([work.then(() => true), limit.over.then(() => false)])
  } finally {
    limit.cancel()
  }
}
