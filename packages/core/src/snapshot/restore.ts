import { HoldfastError, InvalidOptionError, isHoldfastError } from '../errors.js'
import { Arrivals, type Destination, type RestoreOptions } from './restore-writer.js'
import { type SnapshotLines, readHeader } from './format.js'
import { openHeader } from './header.js'
import { lines } from './lines.js'
import { type N8nMcpOptions, readN8nMcp } from './n8n-mcp.js'
import { type RestoreReport, Tally } from './report.js'
import type { SnapshotBytes, SnapshotSource } from './store.js'
import { Stall } from './stall-timeout.js'

/** What to restore, and how. */
export type RestoreRequest = RestoreOptions & { n8nMcp?: N8nMcpOptions }

/**
 * Brings back what a snapshot holds, line by line: a broken one costs only itself. See `Sessions.restoreSessionState`.
 */
export async function restoreSessions (
  to: Destination, source: SnapshotSource, options: RestoreRequest
): Promise<RestoreReport> {
  const tally = new Tally()
  try {
    const stall = new Stall(source, options.signal)
    await stall.guard(restoreFrom(to, source, stall, options, tally))
  } catch (error) {
    if (isHoldfastError(error) || error instanceof InvalidOptionError) throw error
    throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  }
  return tally.report
}

async function restoreFrom (
  to: Destination, source: SnapshotSource, stall: Stall, options: RestoreRequest, tally: Tally
): Promise<void> {
  const arrivals = new Arrivals(to, await source.forgotten?.() ?? new Set(), options, tally)
  const bytes = await stall.read()
  if (bytes === null || bytes === undefined) return
  try {
    if (options.n8nMcp === undefined) await restoreLines(to, arrivals, bytes)
    else return await restoreElements(arrivals, await readN8nMcp(to.vault, bytes, options.n8nMcp))
  } finally {
    await arrivals.settle()
  }
  // The next export replaces what is there, with whatever is not back.
  if (tally.report.overLimit > 0 || tally.report.invalid.some(({ code }) => code !== 'UNKNOWN_KEY')) {
    await source.keep?.()
  }
}

async function restoreElements (arrivals: Arrivals, elements: Awaited<ReturnType<typeof readN8nMcp>>): Promise<void> {
  if (typeof elements === 'string') {
    arrivals.tally.refuse(1, elements)
    return
  }
  for (const [index, element] of elements.entries()) {
    if (typeof element === 'string') arrivals.tally.refuse(index + 1, element)
    else await arrivals.add({ line: index + 1, ...element }, element.record.body.length)
  }
  await arrivals.flush()
}

async function restoreLines ({ vault }: Destination, arrivals: Arrivals, bytes: SnapshotBytes): Promise<void> {
  const { tally } = arrivals
  let opened: SnapshotLines | undefined
  let complete = false
  let number = 0
  /** The record before, whose streams may follow. */
  let last: { partition: string, key: string } | undefined
  for await (const line of lines(bytes)) {
    number = line.number
    if (opened === undefined) {
      const header = line.text === undefined ? undefined : readHeader(line.text)
      const following = header === undefined ? 'NOT_A_SNAPSHOT' : await openHeader(vault, header)
      if (typeof following === 'string') tally.refuse(number, following)
      else opened = following
      if (header !== undefined && opened === undefined) return
      continue
    }
    const size = line.text?.length ?? 0
    const entry = line.text === undefined ? 'NOT_A_LINE' : complete ? 'AFTER_THE_END' : opened.read(line.text)
    if (typeof entry === 'string') {
      tally.refuse(number, entry)
    } else if (entry.kind === 'end') {
      complete = true
    } else if (entry.kind === 'record') {
      const { partition, value: record } = entry
      last = { partition, key: record.key }
      await arrivals.add({ line: number, partition, record, streams: [] }, size)
    } else if (entry.value.key === last?.key && entry.partition === last.partition) {
      await arrivals.addStream(entry.value, size)
    } else {
      tally.refuse(number, 'NO_SESSION')
    }
  }
  await arrivals.flush()
  if (number === 0) tally.refuse(1, 'EMPTY')
  else if (opened?.ended === false) tally.refuse(number + 1, 'NO_END')
}
