import { HoldfastError, InvalidOptionError, isHoldfastError } from '../errors.js'
import type { Sessions } from '../sessions.js'
import { type Chain, readHeader } from './format.js'
import { openHeader } from './header.js'
import { lines } from './lines.js'
import { type N8nMcpOptions, readN8nMcp } from './n8n-mcp.js'
import { type RestoreReport, Tally } from './report.js'
import { type RestoreOptions, Restorer } from './restorer.js'
import type { SnapshotBytes, SnapshotSource } from './sink.js'
import { Stall } from './stall.js'

/** Brings back what a snapshot holds, line by line: a broken one costs only itself. See `Sessions.restoreSessionState`. */
export async function restoreSessions (sessions: Sessions, source: SnapshotSource, options: RestoreOptions & { n8nMcp?: N8nMcpOptions }): Promise<RestoreReport> {
  const tally = new Tally()
  try {
    const stall = new Stall(source, options.signal)
    await stall.guard(restoreFrom(sessions, source, stall, options, tally))
  } catch (error) {
    if (isHoldfastError(error) || error instanceof InvalidOptionError) throw error
    throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', undefined, { cause: error })
  }
  return tally.report
}

async function restoreFrom (sessions: Sessions, source: SnapshotSource, stall: Stall, options: RestoreOptions & { n8nMcp?: N8nMcpOptions }, tally: Tally): Promise<void> {
  const restorer = new Restorer(sessions, await source.forgotten?.() ?? new Set(), options, tally)
  const bytes = await stall.read()
  if (bytes === null || bytes === undefined) return
  try {
    if (options.n8nMcp !== undefined) return await restoreElements(restorer, await readN8nMcp(sessions, bytes, options.n8nMcp))
    await restoreLines(sessions, restorer, bytes)
  } finally {
    await restorer.settle()
  }
  // The next export replaces what is there, with whatever is not back.
  if (tally.report.overLimit > 0 || tally.report.invalid.some(({ code }) => code !== 'UNKNOWN_KEY')) await source.keep?.()
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
      const header = line.text === undefined ? undefined : readHeader(line.text)
      const opened = header === undefined ? 'NOT_A_SNAPSHOT' : await openHeader(sessions, header)
      if (typeof opened === 'string') tally.refuse(number, opened)
      else chain = opened
      if (header !== undefined && chain === undefined) return
      continue
    }
    const size = line.text?.length ?? 0
    const entry = line.text === undefined ? 'NOT_A_LINE' : complete ? 'AFTER_THE_END' : chain.read(line.text)
    if (typeof entry === 'string') {
      tally.refuse(number, entry)
    } else if (entry.kind === 'end') {
      complete = true
    } else if (entry.kind === 'record') {
      key = entry.value.key
      await restorer.add({ line: number, record: entry.value, streams: [] }, size)
    } else if (entry.value.key === key) {
      await restorer.addStream(entry.value, size)
    } else {
      tally.refuse(number, 'NO_SESSION')
    }
  }
  await restorer.flush()
  if (number === 0) tally.refuse(1, 'EMPTY')
  else if (chain?.ended === false) tally.refuse(number + 1, 'NO_END')
}
