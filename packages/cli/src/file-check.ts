import type { Codec } from '@holdfast/core'
import { type FileExamination, SQLITE_RISKS, type SqliteRiskCode, examineFile } from '@holdfast/sqlite'
import { bytes } from './bytes.js'
import { examineClock } from './clock-check.js'
import { reasons } from './failure.js'
import { demandFile, openFile } from './file-place.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { type Io, say } from './io.js'
import { examineStored } from './stored-check.js'

/** How `doctor` looks at a file. */
export interface Thoroughness {
  quick?: boolean
  /** `maxBytes` of the servers. */
  maxBytes?: number
}

/** The checks of a file: the risks that each reports, and the message of a file without them, if it was looked at. */
const CHECKS: ReadonlyArray<[
  check: string, risks: readonly SqliteRiskCode[], fine: (found: FileExamination) => string | undefined
]> = [
  [
    'file place',
    ['SQLITE_MISSING', 'SQLITE_FOLDER', 'SQLITE_PATH', 'SQLITE_EXPOSED', 'SQLITE_NETWORK', 'SQLITE_READABLE'],
    ({ bytes }) => bytes === undefined ? undefined : 'on a local disk, in a folder that only this user can read'
  ],
  ['file space', ['SQLITE_NEARLY_FULL', 'SQLITE_LITTLE_SPACE'], space],
  ['file wal', ['SQLITE_WAL_MISSING', 'SQLITE_LONG_WAL'], wal],
  ['file engine', ['SQLITE_ENGINE'], ({ engine }) => engine === undefined ? undefined : `SQLite ${engine}`],
  [
    'file schema', ['SQLITE_FOREIGN', 'SQLITE_NEWER'],
    ({ schema }) => schema === undefined ? undefined : `version ${schema}`
  ]
]

/** What does not keep servers from working, yet. */
const LATER: ReadonlySet<SqliteRiskCode> = new Set(['SQLITE_READABLE', 'SQLITE_LITTLE_SPACE', 'SQLITE_LONG_WAL'])

/** Checks a file and, if there are keys, whether they open the stored sessions. */
export async function examineSqlite (
  io: Io,
  path: string,
  namespace: string,
  codec: Codec | undefined,
  { quick = false, maxBytes }: Thoroughness
): Promise<Finding[]> {
  try {
    demandFile(path)
    if (!quick) say(io, 'holdfast: reading the whole file; for a large one, use --quick')
    const found = await examineFile(path, { quick, ...maxBytes !== undefined && { maxBytes } })
    const findings = [
      ...judgeAll(found),
      ...found.clockAhead === undefined ? [] : [examineClock('the file', found.clockAhead, 'warning')]
    ]
    if (codec === undefined) return findings
    // A server would not serve it, and a backend that opens a damaged file writes to it.
    const unfit = findings.some(({ state }) => state === 'failed')
    return [...findings, ...unfit ? [warning('sessions', 'not checked')] : await stored(io, path, namespace, codec)]
  } catch (error) {
    return [failed('file', reasons(error))]
  }
}

/** What an examination says, check by check. */
export function judgeAll (found: FileExamination): Finding[] {
  const known = new Set(CHECKS.flatMap(([, risks]) => risks))
  const others = found.risks.filter(risk => !known.has(risk))
  return [...CHECKS.map(check => judge(check, found)), integrity(found, others)]
}

function judge ([check, reported, fine]: typeof CHECKS[number], found: FileExamination): Finding {
  const risks = found.risks.filter(risk => reported.includes(risk))
  const message = risks.map(risk => SQLITE_RISKS[risk]).join(' ')
  if (risks.length > 0) return risks.every(risk => LATER.has(risk)) ? warning(check, message) : failed(check, message)
  const text = fine(found)
  return text === undefined ? warning(check, 'not checked') : ok(check, text)
}

/** @param others what no other check reports: damage, and failures to read */
function integrity ({ bodies, usedBytes }: FileExamination, others: readonly SqliteRiskCode[]): Finding {
  const check = 'file integrity'
  if (others.length > 0) return failed(check, others.map(risk => SQLITE_RISKS[risk]).join(' '))
  if (usedBytes === undefined) return warning(check, 'not checked')
  return ok(check, bodies === undefined ? 'the structure is whole (--quick)' : `whole, with ${bodies} bodies`)
}

async function stored (io: Io, path: string, namespace: string, codec: Codec): Promise<Finding[]> {
  const backend = await openFile(io, path)
  try {
    return await examineStored(backend, codec, namespace)
  } finally {
    await backend.close()
  }
}

function space ({ usedBytes, freeBytes }: FileExamination): string | undefined {
  if (usedBytes === undefined || freeBytes === undefined) return undefined
  return `${bytes(usedBytes)} used; the disk has ${bytes(freeBytes)} free`
}

function wal ({ walBytes, inUse }: FileExamination): string | undefined {
  if (walBytes === undefined) return undefined
  return `${bytes(walBytes)}; ${inUse === true ? 'a process has the file open, or was killed' : 'not marked as open'}`
}
