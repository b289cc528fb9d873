import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { ahead } from '../ahead.js'
import { HoldfastError, isHoldfastError } from '../errors.js'
import type { StoredStream } from '../backend.js'
import type { StoredRecord } from '../record.js'
import type { SessionSummary, Sessions } from '../sessions.js'
import { Chain, headerLine } from './format.js'
import { openHeader } from './header.js'
import { peek } from './peek.js'
import type { SnapshotSink } from './sink.js'
import { Stall } from './stall.js'

export interface ExportOptions {
  /** Which sessions to take; it may look at the state, which is opened for it. Default: all. */
  filter?: (session: SessionSummary) => boolean
  /** Sessions at most. Default: no limit. */
  limit?: number
  /** Told after every hundred sessions or so. */
  onProgress?: (soFar: ExportReport) => void
}

export interface ExportReport {
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

/** Writes every session with its streams, as sealed as it is stored. Holds three pages of them at a time. See `Sessions.exportSessionState`. */
export async function exportSessions (sessions: Sessions, sink: SnapshotSink, options: ExportOptions): Promise<ExportReport> {
  const report = { exported: 0, bytes: 0 }
  const stall = new Stall(sink)
  const stream = Readable.from(chunks(sessions, options, report, stall), { objectMode: false })
  let failed: unknown
  stream.once('error', error => { failed = error })
  try {
    await stall.guard(protect(sessions, sink, stall))
    await stall.guard(sink.write(stream))
  } catch (error) {
    throw [failed, error].find(reason => isHoldfastError(reason)) ?? new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  } finally {
    stream.destroy()
  }
  if (failed !== undefined || !stream.readableEnded) throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', 'The sink did not take the whole snapshot.', { cause: failed })
  return report
}

/** What cannot be opened is not overwritten for good: under an unknown key not at all, and otherwise a copy is kept. */
async function protect (sessions: Sessions, sink: SnapshotSink, stall: Stall): Promise<void> {
  const header = await peek(stall)
  if (header === undefined) return
  const opened = await openHeader(sessions, header)
  if (opened === 'UNKNOWN_KEY') throw new HoldfastError('HOLDFAST_SNAPSHOT_KEPT')
  if (typeof opened === 'string') await sink.keep?.()
}

async function * chunks (sessions: Sessions, options: ExportOptions, report: ExportReport, stall: Stall): AsyncGenerator<Buffer> {
  const { namespace, codec } = sessions
  const key = randomBytes(32)
  const chain = new Chain(key)
  const chunk = function * (text: string): Generator<Buffer> {
    const bytes = Buffer.from(text)
    report.bytes += bytes.length
    for (let at = 0; at < bytes.length; at += PIECE) {
      stall.progress()
      yield bytes.subarray(at, at + PIECE)
    }
  }
  yield * chunk(headerLine({ namespace, createdAt: Date.now(), mac: await codec.seal('snapshot', '', key) }))
  for await (const { records, streams } of pages(sessions, options)) {
    let text = ''
    for (const [i, record] of records.entries()) {
      // What was asked leaves, what was answered is taken, and other work goes on: a backend in memory answers at once.
      if (i % TURN === 0) await setImmediate()
      text += chain.record(record)
      for (const stream of streams) if (stream.key === record.key) text += chain.stream(stream)
      if (text.length < CHUNK) continue
      yield * chunk(text)
      text = ''
    }
    report.exported += records.length
    if (text !== '') yield * chunk(text)
    options.onProgress?.({ ...report })
  }
  yield * chunk(chain.end())
}

interface Page {
  records: StoredRecord[]
  streams: StoredStream[]
}

/** While a page is written, the streams of the next are fetched, and the records of the one after. */
function pages (sessions: Sessions, options: ExportOptions): AsyncGenerator<Page> {
  return ahead(completed(sessions, ahead(listed(sessions, options))))
}

async function * listed (sessions: Sessions, { filter, limit = Infinity }: ExportOptions): AsyncGenerator<StoredRecord[]> {
  const { availability, backend } = sessions
  let left = limit
  let cursor: string | undefined
  do {
    const page = await availability.ask(() => backend.records.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) }))
    const records: StoredRecord[] = []
    for (const record of page.records) {
      if (records.length < left && (filter === undefined || filter(await sessions.summarize(record)))) records.push(record)
    }
    if (records.length > 0) yield records
    left -= records.length
    cursor = page.cursor
  } while (cursor !== undefined && left > 0)
}

async function * completed ({ availability, backend }: Sessions, pages: AsyncGenerator<StoredRecord[]>): AsyncGenerator<Page> {
  for await (const records of pages) {
    yield { records, streams: await availability.ask(() => backend.events.streams(records.map(({ key }) => key))) }
  }
}
