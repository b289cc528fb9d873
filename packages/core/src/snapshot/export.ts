import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { ahead } from '../prefetch.js'
import type { StoredStream } from '../backend.js'
import { HoldfastError, isHoldfastError } from '../errors.js'
import { ROOT } from '../partitions.js'
import type { StoredRecord } from '../record.js'
import type { SealedStore } from '../sealed-store.js'
import { type SessionSummary, summarize } from '../session-summary.js'
import type { SessionState } from '../state.js'
import type { Vault } from '../vault.js'
import { SnapshotLines, headerLine } from './format.js'
import { openHeader } from './header.js'
import { peek } from './peek.js'
import type { SnapshotStore } from './store.js'
import { Stall } from './stall-timeout.js'

export interface ExportOptions {
  /**
   * Which sessions to take; it may look at the state, which is opened for it. Default: all. With a
   * filter, no partition is written.
   */
  filter?: (session: SessionSummary) => boolean
  /** Sessions at most. Default: no limit. With a limit, no partition is written. */
  limit?: number
  /** Told after every hundred sessions or so. */
  onProgress?: (soFar: ExportReport) => void
}

export interface ExportReport {
  /** Sessions, and records of partitions. */
  exported: number
  /** What was handed to the sink. */
  bytes: number
}

const PAGE = 100
/** Records that are written in one turn of the event loop. */
const TURN = 25
/** Characters that are put together before they are handed on. */
const CHUNK = 256 * 2 ** 10
/** Bytes that a sink takes at a time: a slow one shows that it goes on. */
const PIECE = 64 * 2 ** 10

/**
 * Writes every session with its streams, and every partition, as sealed as it is stored. Holds three pages of them at a
 * time. See `Sessions.exportSessionState`.
 */
export async function exportSessions (
  vault: Vault<SessionState>, sink: SnapshotStore, options: ExportOptions
): Promise<ExportReport> {
  const report = { exported: 0, bytes: 0 }
  const stall = new Stall(sink)
  const stream = Readable.from(chunks(vault, options, report, stall), { objectMode: false })
  let failed: unknown
  stream.once('error', error => { failed = error })
  try {
    await stall.guard(protect(vault, sink, stall))
    await stall.guard(sink.write(stream))
  } catch (error) {
    throw [failed, error].find(reason => isHoldfastError(reason)) ??
      new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  } finally {
    stream.destroy()
  }
  if (failed !== undefined || !stream.readableEnded) {
    throw new HoldfastError(
      'HOLDFAST_SNAPSHOT_FAILED', 'The sink did not take the whole snapshot.', { cause: failed }
    )
  }
  return report
}

/** What cannot be opened is not overwritten for good: under an unknown key not at all, and otherwise a copy is kept. */
async function protect (store: SealedStore, sink: SnapshotStore, stall: Stall): Promise<void> {
  const header = await peek(stall)
  if (header === undefined) return
  const opened = await openHeader(store, header)
  if (opened === 'UNKNOWN_KEY') throw new HoldfastError('HOLDFAST_SNAPSHOT_KEPT')
  if (typeof opened === 'string') await sink.keep?.()
}

async function * chunks (
  vault: Vault<SessionState>, options: ExportOptions, report: ExportReport, stall: Stall
): AsyncGenerator<Buffer> {
  const { namespace, codec } = vault
  const key = randomBytes(32)
  const lines = new SnapshotLines(key)
  const chunk = function * (text: string): Generator<Buffer> {
    const bytes = Buffer.from(text)
    report.bytes += bytes.length
    for (let at = 0; at < bytes.length; at += PIECE) {
      stall.progress()
      yield bytes.subarray(at, at + PIECE)
    }
  }
  yield * chunk(headerLine({ namespace, createdAt: Date.now(), mac: await codec.seal('snapshot', '', key) }))
  for await (const { partition, records, streams } of pages(vault, options)) {
    let text = ''
    for (const [i, record] of records.entries()) {
      // What was asked leaves, what was answered is taken, and other work goes on: a backend in memory answers at once.
      if (i % TURN === 0) await setImmediate()
      text += lines.record(record, partition)
      for (const stream of streams) if (stream.key === record.key) text += lines.stream(stream, partition)
      if (text.length < CHUNK) continue
      yield * chunk(text)
      text = ''
    }
    report.exported += records.length
    if (text !== '') yield * chunk(text)
    options.onProgress?.({ ...report })
  }
  yield * chunk(lines.end())
}

interface Page {
  partition: string
  records: StoredRecord[]
  streams: StoredStream[]
}

/** While a page is written, the streams of the next are fetched, and the records of the one after. */
async function * pages (vault: Vault<SessionState>, options: ExportOptions): AsyncGenerator<Page> {
  const all = options.filter === undefined && options.limit === undefined
  for (const store of all ? await vault.all() : [vault]) {
    const records = store.partition === ROOT ? chosen(vault, options) : store.pages({ limit: PAGE })
    yield * ahead(completed(store, ahead(records)))
  }
}

async function * chosen (
  vault: Vault<SessionState>, { filter, limit = Infinity }: ExportOptions
): AsyncGenerator<StoredRecord[]> {
  let left = limit
  for await (const page of vault.pages({ limit: PAGE })) {
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

async function * completed (store: SealedStore, pages: AsyncGenerator<StoredRecord[]>): AsyncGenerator<Page> {
  const { partition, availability, backend: { events } } = store
  for await (const records of pages) {
    yield { partition, records, streams: await availability.ask(() => events.streams(records.map(({ key }) => key))) }
  }
}
