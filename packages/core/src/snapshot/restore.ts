import { HoldfastError, InvalidOptionError, isHoldfastError } from '../errors.js'
import type { Sessions } from '../sessions.js'
import { Chain, readHeader } from './format.js'
import { type Line, lines } from './lines.js'
import { type N8nMcpOptions, readN8nMcp } from './n8n-mcp.js'
import { type RestoreReport, Tally } from './report.js'
import { type RestoreOptions, Restorer } from './restorer.js'
import type { SnapshotBytes, SnapshotSink } from './sink.js'

/** The reason for a snapshot that waits for its key: it is neither restored nor damaged. */
export const UNKNOWN_KEY = 'sealed with a key that is not here'

/** Brings back what a snapshot holds, line by line: a broken one costs only itself. See `Sessions.restoreSessionState`. */
export async function restoreSessions (sessions: Sessions, sink: SnapshotSink, options: RestoreOptions & { n8nMcp?: N8nMcpOptions }): Promise<RestoreReport> {
  const tally = new Tally()
  try {
    await restoreFrom(sessions, sink, options, tally)
  } catch (error) {
    if (isHoldfastError(error) || error instanceof InvalidOptionError) throw error
    throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  }
  return tally.report
}

async function restoreFrom (sessions: Sessions, sink: SnapshotSink, options: RestoreOptions & { n8nMcp?: N8nMcpOptions }, tally: Tally): Promise<void> {
  const bytes = await sink.read()
  if (bytes === null || bytes === undefined) return
  const restorer = new Restorer(sessions, await sink.forgotten?.() ?? new Set(), options, tally)
  if (options.n8nMcp !== undefined) {
    return await restoreElements(restorer, await readN8nMcp(sessions, bytes, options.n8nMcp))
  }
  await restoreLines(sessions, restorer, bytes)
  // The next export replaces what is there.
  if (tally.report.invalid.some(({ reason }) => reason !== UNKNOWN_KEY)) await sink.keep?.()
}

async function restoreElements (restorer: Restorer, elements: Awaited<ReturnType<typeof readN8nMcp>>): Promise<void> {
  if (typeof elements === 'string') return restorer.tally.refuse(1, elements)
  for (const [index, element] of elements.entries()) {
    if (typeof element === 'string') restorer.tally.refuse(index + 1, element)
    else await restorer.add({ line: index + 1, ...element }, element.record.body.length)
  }
  await restorer.flush()
}

async function restoreLines (sessions: Sessions, restorer: Restorer, bytes: SnapshotBytes): Promise<void> {
  const { tally } = restorer
  let chain: Chain | undefined
  let complete = false
  let number = 0
  let key: string | undefined
  for await (const line of lines(bytes)) {
    number = line.number
    if (chain === undefined) {
      const opened = await openHeader(sessions, line)
      if (typeof opened === 'string') return tally.refuse(number, opened)
      chain = opened
      continue
    }
    const size = line.text?.length ?? 0
    const entry = line.text === undefined ? 'too long' : chain.read(line.text)
    if (typeof entry === 'string') {
      tally.refuse(number, entry)
    } else if (entry.kind === 'end') {
      complete = true
    } else if (entry.kind === 'record') {
      key = entry.value.key
      await restorer.add({ line: number, record: entry.value, streams: [] }, size)
    } else if (entry.value.key === key) {
      restorer.addStream(entry.value, size)
    } else {
      tally.refuse(number, 'a stream without its session')
    }
  }
  await restorer.flush()
  if (!complete) tally.refuse(number + 1, chain === undefined ? 'empty' : 'the end is missing')
}

/** @returns what reads the lines that follow, or what is wrong */
async function openHeader (sessions: Sessions, { text }: Line): Promise<Chain | string> {
  const header = text === undefined ? 'not a Holdfast snapshot' : readHeader(text)
  if (typeof header === 'string') return header
  if (header.namespace !== sessions.namespace) return 'a snapshot of another namespace'
  try {
    const key = await sessions.codec.open('snapshot', '', header.mac)
    return key.length === 32 ? new Chain(key) : 'the header is damaged'
  } catch (error) {
    return isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? UNKNOWN_KEY : 'the header cannot be opened'
  }
}
