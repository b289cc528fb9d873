import { HoldfastError, InvalidOptionError, isHoldfastError } from '../errors.js'
import { type SnapshotLines, readHeader, snapshotId } from './format.js'
import { openHeader } from './header.js'
import { type RawLine, chunksOfLines } from './lines.js'
import { type N8nMcpOptions, readN8nMcp } from './n8n-mcp.js'
import { type RestoreReport, RestoreTally } from './report.js'
import { type Destination, type RestoreOptions, RestoreWriter } from './restore-writer.js'
import { StallTimeout } from './stall-timeout.js'
import type { SnapshotBytes, SnapshotSource } from './store.js'

/** What to restore, and how. */
export type RestoreRequest = RestoreOptions & { n8nMcp?: N8nMcpOptions }

/** What was restored, and the {@link snapshotId} of the snapshot; undefined where there was none that is whole. */
export interface Restored {
  report: RestoreReport
  id: string | undefined
}

/**
 * Restores the sessions of a snapshot, line by line: a broken line costs only its own session. See
 * `Sessions.restoreSessionState`.
 */
export async function restoreSessions (
  to: Destination, source: SnapshotSource, options: RestoreRequest
): Promise<Restored> {
  const tally = new RestoreTally()
  let id
  try {
    const stall = new StallTimeout(source, options.signal)
    id = await stall.guard(restoreFrom(to, source, stall, options, tally))
  } catch (error) {
    if (isHoldfastError(error) || error instanceof InvalidOptionError) throw error
    throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  }
  return { report: tally.report, id }
}

async function restoreFrom (
  to: Destination, source: SnapshotSource, stall: StallTimeout, options: RestoreRequest, tally: RestoreTally
): Promise<string | undefined> {
  const writer = new RestoreWriter(to, await source.forgotten?.() ?? new Set(), options, tally)
  const bytes = await stall.read()
  if (bytes === null || bytes === undefined) return undefined
  let id
  try {
    if (options.n8nMcp === undefined) id = await restoreLines(to, writer, bytes)
    else {
      await restoreElements(writer, await readN8nMcp(to.vault, bytes, options.n8nMcp))
      return undefined
    }
  } finally {
    await writer.settle()
  }
  // Another process still has what is not merged.
  if (to.merges === true) return id
  // The next export replaces this snapshot, and with it the sessions that were not restored.
  if (tally.report.overLimit > 0 || tally.report.invalid.some(({ code }) => code !== 'UNKNOWN_KEY')) {
    await source.keep?.()
  }
  return id
}

async function restoreElements (
  writer: RestoreWriter, elements: Awaited<ReturnType<typeof readN8nMcp>>
): Promise<void> {
  if (typeof elements === 'string') {
    writer.tally.refuse(1, elements)
    return
  }
  for (const [index, element] of elements.entries()) {
    if (typeof element === 'string') writer.tally.refuse(index + 1, element)
    else {
      const size = element.record.body.length
      if (writer.isFull(size)) await writer.store()
      writer.add({ line: index + 1, ...element }, size)
    }
  }
  await writer.flush()
}

async function restoreLines (
  { vault }: Destination, writer: RestoreWriter, bytes: SnapshotBytes
): Promise<string | undefined> {
  const { tally } = writer
  let opened: OpenedSnapshot | undefined
  let number = 0
  let id: string | undefined
  for await (const chunk of chunksOfLines(bytes)) {
    for (const line of chunk) {
      number = line.number
      if (opened !== undefined) {
        const size = line.text?.length ?? 0
        if (writer.isFull(size)) await writer.store()
        opened.restore(line, size)
        continue
      }
      const header = line.text === undefined ? undefined : readHeader(line.text)
      const following = header === undefined ? 'NOT_A_SNAPSHOT' : await openHeader(vault, header)
      if (typeof following === 'string') tally.refuse(number, following)
      else opened = new OpenedSnapshot(following, writer)
      if (header !== undefined && opened === undefined) return undefined
      if (typeof header === 'object') id = snapshotId(header)
    }
  }
  await writer.flush()
  if (number === 0) tally.refuse(1, 'EMPTY')
  else if (opened?.hasEnd === false) tally.refuse(number + 1, 'NO_END')
  return id
}

/** Restores the lines after a header. */
class OpenedSnapshot {
  #complete = false
  /** The previous record, whose streams may follow. */
  #last: { partition: string, key: string } | undefined

  constructor (private readonly lines: SnapshotLines, private readonly writer: RestoreWriter) {}

  /** An end line was read, even one that does not fit the lines before it. */
  get hasEnd (): boolean { return this.lines.ended }

  restore ({ number, text }: RawLine, size: number): void {
    const line = text === undefined ? 'NOT_A_LINE' : this.#complete ? 'AFTER_THE_END' : this.lines.read(text)
    if (typeof line === 'string') {
      this.writer.tally.refuse(number, line)
    } else if (line.kind === 'end') {
      this.#complete = true
    } else if (line.kind === 'record') {
      const { partition, value: record } = line
      this.#last = { partition, key: record.key }
      this.writer.add({ line: number, partition, record, streams: [] }, size)
    } else if (line.value.key === this.#last?.key && line.partition === this.#last.partition) {
      this.writer.addStream(line.value, size)
    } else {
      this.writer.tally.refuse(number, 'NO_SESSION')
    }
  }
}
