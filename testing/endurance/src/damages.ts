import { open, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { openRaw } from './raw-file.js'
import type { Random } from './seeded.js'

/** Does something to a database, and to what is beside it. */
export type Damage = (path: string, random: Random) => Promise<void>

const PAGE = 4096
const HEADER = 100
/** Where the header of a database has the version of its schema, and the mark of its application. */
const [USER_VERSION, APPLICATION_ID] = [60, 68]

/** Damage to random pages of the database. */
export const PAGES: Readonly<Record<string, Damage>> = {
  'one page zeroed': async (path, random) => { await changePages(path, random, 1, zeroed) },
  'one page inverted': async (path, random) => { await changePages(path, random, 1, inverted) },
  'three pages zeroed': async (path, random) => { await changePages(path, random, 3, zeroed) },
  'three pages inverted': async (path, random) => { await changePages(path, random, 3, inverted) }
}

/** Damage to whole files, after a process was killed. */
export const WHOLE_FILES: Readonly<Record<string, Damage>> = {
  'cut off between pages': async (path, random) => {
    await truncate(path, PAGE * (1 + random((await stat(path)).size / PAGE - 1)))
  },
  emptied: async path => { await truncate(path) },
  'deleted, the -wal file left': async path => { await rm(path) },
  'header overwritten': async (path, random) => { await change(path, 0, bytes => noise(bytes, random), HEADER) },
  'header zeroed': async path => { await change(path, 0, zeroed, HEADER) },
  'another application': async path => { await change(path, APPLICATION_ID, inverted, 4) },
  'a newer version': async path => { await change(path, USER_VERSION, () => Buffer.from([0, 0, 0, 99]), 4) },
  'no database': async path => { await writeFile(path, 'This file has no sessions. '.repeat(2_000)) },
  '-wal file deleted': async path => { await rm(`${path}-wal`) }
}

/** Damage while a process has the file open. */
export const BESIDE_RUNNING: Readonly<Record<string, Damage>> = {
  ...PAGES,
  'cut off': WHOLE_FILES['cut off between pages'] as Damage,
  emptied: WHOLE_FILES.emptied as Damage,
  deleted: async path => { await rm(path) },
  'header overwritten': WHOLE_FILES['header overwritten'] as Damage,
  'header zeroed': WHOLE_FILES['header zeroed'] as Damage,
  'all pages inverted': async (path, random) => { await changePages(path, random, 1e4, inverted) },
  'no database': WHOLE_FILES['no database'] as Damage,
  '-wal file deleted': async path => { await rm(`${path}-wal`) },
  '-wal and -shm files deleted': async path => {
    for (const part of ['-wal', '-shm']) await rm(path + part)
  },
  'all files deleted': async path => {
    for (const part of ['', '-wal', '-shm']) await rm(path + part)
  },
  'replaced by an older copy': async path => {
    const raw = openRaw(`${path}.old`)
    raw.exec('CREATE TABLE other (a)')
    raw.close()
    await rename(`${path}.old`, path)
  }
}

/** What SQLite cannot tell from a database that is whole, or only by chance. */
export const HIDDEN: Readonly<Record<string, Damage>> = {
  'one byte of the database': async (path, random) => {
    const at = random((await stat(path)).size)
    await change(path, at, bytes => Buffer.from([(bytes[0] as number) ^ (1 + random(255))]), 1)
  },
  'the end of a page zeroed': async (path, random) => { await changePages(path, random, 1, halfZeroed) }
}

/** What SQLite cannot see, or only by chance, after a process was killed. */
export const HIDDEN_AFTER_KILL: Readonly<Record<string, Damage>> = {
  'cut off inside a page': async (path, random) => { await truncate(path, 1 + random((await stat(path)).size - 1)) },
  'one page of the -wal file inverted': async (path, random) => {
    await changePages(`${path}-wal`, random, 1, inverted)
  },
  '-wal file cut off': async (path, random) => {
    await truncate(`${path}-wal`, random((await stat(`${path}-wal`)).size))
  }
}

async function changePages (
  path: string, random: Random, amount: number, to: (bytes: Buffer) => Buffer
): Promise<void> {
  const pages = Math.floor((await stat(path)).size / PAGE)
  const all = amount >= pages ? [...Array(pages).keys()] : Array.from({ length: amount }, () => random(pages))
  for (const page of new Set(all)) await change(path, page * PAGE, to, PAGE)
}

/** In place, as a disk does it. */
async function change (path: string, at: number, to: (bytes: Buffer) => Buffer, length: number): Promise<void> {
  const file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, at)
  await file.write(to(buffer), 0, length, at)
  await file.close()
}

function zeroed (bytes: Buffer): Buffer {
  return Buffer.alloc(bytes.length)
}

/** The cells of a page are at its end. */
function halfZeroed (bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, bytes.length / 2), Buffer.alloc(bytes.length / 2)])
}

function inverted (bytes: Buffer): Buffer {
  return Buffer.from(bytes.map(byte => byte ^ 0xff))
}

function noise (bytes: Buffer, random: Random): Buffer {
  return Buffer.from(bytes.map(() => random(256)))
}
