/**
 * Fetches the next item while the caller works on the present one. The caller gets a failure of a fetch when it asks
 * for that item.
 */
export async function * prefetch<T> (source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = source.next()
      next.catch(() => {})
      yield value
    }
  } finally {
    await source.return(undefined)
  }
}
