import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** What a process did to the files of a folder, and what it said meanwhile. Names are without the folder. */
export type DiskEvent =
  | { what: 'make' | 'unlink', name: string }
  | Change
  /** What was done to a file, or to the names in the folder (`''`), and had ended before `since`, is on the disk. */
  | { what: 'sync', name: string, since: number }
  | { what: 'note', text: string }

/** `ended` is the number of the event before which the call returned. */
export type Change =
  | { what: 'write', name: string, ended: number, at: number, bytes: Buffer }
  | { what: 'truncate', name: string, ended: number, length: number }

const CALLS = [
  'open', 'openat', 'creat', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'truncate', 'ftruncate', 'fallocate',
  'fsync', 'fdatasync', 'sync_file_range', 'rename', 'renameat', 'renameat2', 'link', 'unlink', 'unlinkat'
]

/**
 * Runs a command of Node under strace.
 *
 * @param log where strace writes what it sees
 * @throws Error strace is missing, or the command neither succeeded nor killed itself
 */
export async function traced (log: string, command: readonly string[]): Promise<void> {
  await promisify(execFile)('strace', ['-V']).catch((cause: unknown) => {
    throw new Error('this scenario needs strace: apt-get install strace', { cause })
  })
  const child = spawn('strace', [
    '-f', '--seccomp-bpf', '-y', '-xx', '-s', '1000000', '-e', `trace=${CALLS.join()}`, '-e', 'signal=none', '-o', log,
    // Calls of io_uring would be invisible.
    '-E', 'UV_USE_IO_URING=0', process.execPath, ...command
  ], { stdio: ['ignore', 'inherit', 'inherit'] })
  // strace ends as the traced process does.
  const [code, signal] = await once(child, 'exit')
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the traced process ended with ${code ?? signal}`)
}

/**
 * The events of a log of {@link traced}, in order. A change counts from the beginning of its call, a sync only once it
 * has ended.
 *
 * @param folder whose files matter
 * @param notes path of the file for the notes, elsewhere
 */
export async function readTrace (log: string, folder: string, notes: string): Promise<DiskEvent[]> {
  const events: DiskEvent[] = []
  const begun = new Map<string, { call: string, since: number, change: Change | undefined }>()
  const add = (call: string, since: number): Change | undefined => {
    const event = read(call, { since, folder, notes })
    if (event === undefined) return undefined
    events.push(event)
    if (event.what !== 'write' && event.what !== 'truncate') return undefined
    event.ended = events.length
    return event
  }
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    if (rest.endsWith(UNFINISHED)) {
      const [call, since] = [rest.slice(0, -UNFINISHED.length), events.length]
      const change = CHANGES.test(call) ? add(`${call}) = 0`, since) : undefined
      if (change !== undefined) change.ended = Infinity
      begun.set(thread, { call, since, change })
    } else if (resumed === null) {
      add(rest, events.length)
    } else {
      const { call, since, change } = begun.get(thread) as { call: string, since: number, change: Change | undefined }
      if (change !== undefined) change.ended = events.length
      if (!CHANGES.test(call)) add(call + resumed[1], since)
    }
  }
  return events
}

const UNFINISHED = ' <unfinished ...>'
const CHANGES = /^(p?writev?|pwrite64|f?truncate)\(/
const STRING = /"((?:\\x[0-9a-f]{2})*)"/g
const PLACE = /<((?:\\x[0-9a-f]{2})*)>/

function read (
  call: string, { since, folder, notes }: { since: number, folder: string, notes: string }
): DiskEvent | undefined {
  const [, name = '', rest = ''] = /^(\w+)\((.*)$/.exec(call) ?? []
  const end = rest.lastIndexOf(') ')
  if (end === -1 || /= -1 /.test(rest.slice(end))) return undefined
  const strings = [...rest.matchAll(STRING)].map(([, text = '']) => unescaped(text))
  const path = String(strings[0] ?? '')
  if (/^(open|unlink|creat|rename|link|truncate)/.test(name)) {
    if (dirname(path) !== folder || isIndex(path)) return undefined
    if (name.startsWith('unlink')) return { what: 'unlink', name: basename(path) }
    if (!name.startsWith('open')) throw unknown(name)
    return rest.includes('O_CREAT') ? { what: 'make', name: basename(path) } : undefined
  }
  const place = unescaped(PLACE.exec(rest)?.[1] ?? '').toString()
  if (place === notes) return { what: 'note', text: path }
  if (place !== folder && (dirname(place) !== folder || isIndex(place))) return undefined
  const file = place === folder ? '' : basename(place)
  const last = Number(rest.slice(0, end).split(', ').at(-1))
  if (name === 'fsync' || name === 'fdatasync') return { what: 'sync', name: file, since }
  if (name === 'pwrite64') return { what: 'write', name: file, ended: 0, at: last, bytes: strings[0] as Buffer }
  // The marker is written whole, from its beginning.
  if (name === 'write' && file.endsWith('-open')) {
    return { what: 'write', name: file, ended: 0, at: 0, bytes: strings[0] as Buffer }
  }
  if (name === 'ftruncate') return { what: 'truncate', name: file, ended: 0, length: last }
  throw unknown(name)
}

/** The index of the -wal file is shared memory, which SQLite makes anew. */
function isIndex (path: string): boolean {
  return path.endsWith('-shm')
}

function unknown (call: string): Error {
  return new Error(`the trace has a ${call} of the database, and nobody knows what a loss of power makes of it`)
}

function unescaped (text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}
