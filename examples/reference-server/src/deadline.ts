const LIMIT = 10_000

/**
 * Settles as the promise does, but not later than after ten seconds.
 *
 * @param what is being waited for, for the error
 */
export async function deadline<T> (promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${LIMIT / 1_000} seconds`)), LIMIT)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
