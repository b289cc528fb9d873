import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { StoredStream } from '../backend.js'
import { HoldfastError, isHoldfastError } from '../errors.js'
import { ROOT } from '../partitions.js'
import { prefetch } from '../prefetch.js'
import type { StoredRecord } from '../record.js'
import type { SealedStore } from '../sealed-store.js'
import { type SessionSummary, summarize } from '../session-summary.js'
import type { SessionState } from '../state.js'
import type { Vault } from '../vault.js'
import { type Header, SnapshotLines, headerLine, snapshotId } from './format.js'
import { findHeader, openHeader } from './header.js'
import { StallTimeout } from './stall-timeout.js'
import type { SnapshotStore } from './store.js'

/** Which sessions `Sessions.exportSessionState` writes. */
export interface ExportOptions {
  /**
   * Which sessions to export. The state of each session is opened for it. Default: all. With a filter, no partition is
   * exported.
   */
  filter?: (session: SessionSummary) => boolean
  /** Maximum number of sessions. Default: no limit. With a limit, no partition is exported. */
  limit?: number
  /** Called about once per hundred sessions. */
  onProgress?: (soFar: ExportReport) => void
}

/** The result of an export. */
export interface ExportReport {
  /** Sessions, and records of partitions. */
  exported: number
  /** Bytes that were written to the snapshot store. */
  bytes: number
}

/** An export to the own snapshot of a manager, which other processes may write as well. */
export interface Turn {
  /** The {@link snapshotId} that the present snapshot must have; undefined when any may be replaced. */
  expected?: string | undefined
  /** Whether to replace the present snapshot without a look at it. */
  blind?: boolean
  /** Ends the sessions with these keys, which ended in another process. */
  end?: ((keys: ReadonlySet<string>) => Promise<void>) | undefined
}

/** Records that are read at a time. */
const PAGE_SIZE = 100
/** Records that are written in one turn of the event loop. */
const RECORDS_PER_TURN = 25
/** Characters that are collected before they are written. */
const CHUNK_LENGTH = 256 * 2 ** 10
/** Bytes that a snapshot store takes at a time: small, so that a slow store shows its progress. */
const PIECE_SIZE = 64 * 2 ** 10

/**
 * Writes every session with its streams, and every partition, sealed as they are stored. At most three pages are in
 * memory at a time. See `Sessions.exportSessionState`.
 */
export async function exportSessions (
  vault: Vault<SessionState>, store: SnapshotStore, options: ExportOptions, { expected, blind = false, end }: Turn = {}
): Promise<{ report: ExportReport, id: string }> {
  const report = { exported: 0, bytes: 0 }
  const stall = new StallTimeout(store)
  const key = randomBytes(32)
  const header = { namespace: vault.namespace, createdAt: Date.now(), mac: await vault.codec.seal('snapshot', '', key) }
  const forgotten = async (): Promise<void> => {
    if (end !== undefined) await end(await store.forgotten?.() ?? new Set())
  }
  const written = chunks(vault, options, report, stall, header, new SnapshotLines(key), forgotten)
  const stream = Readable.from(written, { objectMode: false })
  let failed: unknown
  stream.once('error', error => { failed = error })
  try {
    if (!blind) await stall.guard(protect(vault, store, stall, expected))
    await stall.guard(store.write(stream))
  } catch (error) {
    throw [failed, error].find(reason => isHoldfastError(reason)) ??
      new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  } finally {
    stream.destroy()
  }
  if (failed !== undefined || !stream.readableEnded) {
    throw new HoldfastError(
      'HOLDFAST_SNAPSHOT_FAILED', 'The snapshot store did not take the whole snapshot.', { cause: failed }
    )
  }
  return { report, id: snapshotId(header) }
}

/**
 * A snapshot that cannot be opened is not lost: under an unknown key it is not overwritten, otherwise a copy is kept.
 */
async function protect (
  sealedStore: SealedStore, store: SnapshotStore, stall: StallTimeout, expected: string | undefined
): Promise<void> {
  const header = await findHeader(stall)
  if (header === undefined) return
  const opened = await openHeader(sealedStore, header)
  if (opened === 'UNKNOWN_KEY') throw new HoldfastError('HOLDFAST_SNAPSHOT_KEPT')
  if (typeof opened === 'string') return await store.keep?.()
  const isExpected = expected === undefined || expected === snapshotId(header as Header)
  if (!isExpected) throw new HoldfastError('HOLDFAST_SNAPSHOT_CHANGED')
}

async function * chunks (
  vault: Vault<SessionState>,
  options: ExportOptions,
  report: ExportReport,
  stall: StallTimeout,
  header: Header,
  lines: SnapshotLines,
  begin: () => Promise<void>
): AsyncGenerator<Buffer> {
  const chunk = function * (text: string): Generator<Buffer> {
    const bytes = Buffer.from(text)
    report.bytes += bytes.length
    for (let at = 0; at < bytes.length; at += PIECE_SIZE) {
      stall.progress()
      yield bytes.subarray(at, at + PIECE_SIZE)
    }
  }
  yield * chunk(headerLine(header))
  // The store forgets what ended before it was given this stream. What ended later is remembered for the next one.
  await begin()
  for await (const { partition, records, streams } of pages(vault, options)) {
    let text = ''
    for (const [i, record] of records.entries()) {
      // Requests go out, answers come in, and other work goes on, even when a backend in memory answers at once.
      if (i % RECORDS_PER_TURN === 0) await setImmediate()
      text += lines.record(record, partition)
      for (const stream of streams) if (stream.key === record.key) text += lines.stream(stream, partition)
      if (text.length < CHUNK_LENGTH) continue
      yield * chunk(text)
      text = ''
    }
    report.exported += records.length
    if (text !== '') yield * chunk(text)
    options.onProgress?.({ ...report })
  }
  yield * chunk(lines.end())
}

interface ExportPage {
  partition: string
  records: StoredRecord[]
  streams: StoredStream[]
}

/** While a page is written, the streams of the next page and the records of the page after that are fetched. */
async function * pages (vault: Vault<SessionState>, options: ExportOptions): AsyncGenerator<ExportPage> {
  const all = options.filter === undefined && options.limit === undefined
  for (const store of all ? await vault.all() : [vault]) {
    const records = store.partition === ROOT ? chosen(vault, options) : store.pages({ limit: PAGE_SIZE })
    yield * prefetch(withStreams(store, prefetch(records)))
  }
}

async function * chosen (
  vault: Vault<SessionState>, { filter, limit = Infinity }: ExportOptions
): AsyncGenerator<StoredRecord[]> {
  let left = limit
  for await (const page of vault.pages({ limit: PAGE_SIZE })) {
    const records: StoredRecord[] = []
    for (const record of page) {
      const isWanted = records.length < left && (filter === undefined || filter(await summarize(vault, record)))
      if (isWanted) records.push(record)
    }
    if (records.length > 0) yield records
    left -= records.length
    if (left <= 0) return
  }
}

async function * withStreams (store: SealedStore, pages: AsyncGenerator<StoredRecord[]>): AsyncGenerator<ExportPage> {
  const { partition, availability, backend: { events } } = store
  for await (const records of pages) {
    yield { partition, records, streams: await availability.ask(() => events.streams(records.map(({ key }) => key))) }
  }
}
