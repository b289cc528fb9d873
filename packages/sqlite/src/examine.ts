import { lstatSync, statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { SqliteError, translate } from './errors.js'
import { DEFAULTS, readPath } from './options.js'
import { demandFile } from './reader.js'
import type { SqliteRiskCode } from './risks.js'
import { inThread } from './thread.js'

/** Bytes that the `-wal` file has at most while nothing holds up the checkpoints. */
const WAL_BYTES = 80 * 2 ** 20

/** The share of `maxBytes` from which on a file counts as nearly full. */
const NEARLY = 0.9

/** What {@link examineFile} found. A fact is missing when a risk kept it from being looked at. */
export interface FileExamination {
  /** Empty: all is well. */
  risks: SqliteRiskCode[]
  /** Bytes of the file, and of its `-wal` file. */
  bytes?: number
  walBytes?: number
  /** Bytes that the disk has free for this user. */
  freeBytes?: number
  /** Whether processes have the file open, or were killed while they had. */
  inUse?: boolean
  /** The version of SQLite. */
  engine?: string
  /** The version of the tables. */
  schema?: number
  /** Bytes that count for `maxBytes`. */
  usedBytes?: number
  /** Milliseconds by which the clock of the file is ahead of the wall clock. */
  clockAhead?: number
  /** Records and events whose checksum was verified. Missing with `quick`. */
  bodies?: number
}

/** How {@link examineFile} looks. */
export interface ExamineOptions {
  /** Checks the structure only: not whether indexes fit their tables, nor the checksums of bodies. Default false. */
  quick?: boolean
  /** As the servers have it, in bytes, or Infinity. Default 4 GiB. */
  maxBytes?: number
}

/**
 * Examines a database, also while processes use it. Changes nothing. It reads the whole file, which may take minutes
 * for gigabytes; it does so in a thread, and meanwhile the `-wal` file cannot be shortened.
 *
 * @throws InvalidOptionError for what cannot be the path of a file
 * @throws HoldfastError HOLDFAST_BACKEND_FULL when there is not enough memory
 */
export async function examineFile (path: string, options: ExamineOptions = {}): Promise<FileExamination> {
  const { quick = false, maxBytes = DEFAULTS.maxBytes } = options
  const file = readPath(path, 'path')
  const place = examinePlace(file, maxBytes)
  if (place.bytes === undefined) return place
  const content = await inThread<FileExamination>('./examine-worker.js', { path: file, quick })
  const risks = [...place.risks, ...content.risks]
  if ((content.usedBytes ?? 0) >= NEARLY * maxBytes) risks.push('SQLITE_NEARLY_FULL')
  return { ...place, ...content, risks }
}

/** The risk that an error stands for. @throws any other error */
export function riskOf (error: unknown): SqliteRiskCode {
  const failure = translate(error)
  if (failure instanceof SqliteError) return failure.code
  throw failure
}

function examinePlace (path: string, maxBytes: number): FileExamination {
  try {
    demandFile(path)
  } catch (error) {
    return { risks: [riskOf(error)] }
  }
  const { size: bytes, mode } = lstatSync(path)
  const { bavail, bsize } = statfsSync(dirname(path))
  const freeBytes = bavail * bsize
  const walBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  const inUse = statSync(`${path}-open`, { throwIfNoEntry: false }) !== undefined
  const room = maxBytes === Infinity ? 0 : Math.max(0, maxBytes - bytes)
  const needed = room + Math.max(0, WAL_BYTES - walBytes)
  const risks: SqliteRiskCode[] = []
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) risks.push('SQLITE_READABLE')
  if (freeBytes < needed) risks.push('SQLITE_LITTLE_SPACE')
  if (walBytes > WAL_BYTES) risks.push('SQLITE_LONG_WAL')
  return { risks, bytes, walBytes, freeBytes, inUse }
}
