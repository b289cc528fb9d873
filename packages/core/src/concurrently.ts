/**
 * Works on the items of a source, on some of them at a time. After a failure it takes no more items, and rejects with
 * the failure when nothing is under way any more.
 *
 * @param limit items that are worked on at a time
 */
export async function concurrently<T> (
  source: AsyncIterable<T>, limit: number, work: (item: T) => Promise<void>
): Promise<void> {
  const underWay = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  try {
    for await (const item of source) {
      const working = work(item)
        .catch((error: unknown) => { failure ??= { error } })
        .finally(() => underWay.delete(working))
      underWay.add(working)
      if (underWay.size >= limit) await Promise.race(underWay)
      if (failure !== undefined) break
    }
  } finally {
    await Promise.all(underWay)
  }
  if (failure !== undefined) throw failure.error
}
