import {
  type Stats, appendFileSync, fstatSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync
} from 'node:fs'
import t from 'tap'
import { WalIndex } from '../dist/wal-index.js'
import { place } from './fixtures/given.js'

/** A `-shm` file as SQLite makes it, or another one. */
function writeIndex (path: string, { version = 3_007_000, whole = 1, bytes = 96 } = {}): void {
  const head = Buffer.alloc(bytes)
  head.set(new Uint8Array(Uint32Array.of(version).buffer))
  head[12] = whole
  writeFileSync(`${path}-shm`, head)
}

/** How many descriptors of this process are of a file. */
function descriptorsOf ({ dev, ino }: Stats): number {
  return readdirSync('/dev/fd').map(Number).filter((fd) => {
    try {
      const other = fstatSync(fd)
      return other.ino === ino && other.dev === dev
    } catch {
      // The one that listed the folder.
      return false
    }
  }).length
}

t.test('descriptors are shared, kept while the file has a name, and closed after it', async (t) => {
  const { path } = place(t)
  writeIndex(path)
  const file = statSync(`${path}-shm`)
  const descriptors = (): number => descriptorsOf(file)
  const [one, two] = [WalIndex.open(path), WalIndex.open(path)]
  t.equal(descriptors(), 1)
  one?.close()
  two?.close()
  t.equal(descriptors(), 1, 'the file is still there, and may be locked')
  const three = WalIndex.open(path)
  t.equal(descriptors(), 1)
  rmSync(`${path}-shm`)
  WalIndex.open(path)
  t.equal(three?.changed(), true)
  t.equal(descriptors(), 1, 'one still uses it')
  three?.close()
  t.equal(descriptors(), 0)
})

t.test('a head that is cut off says that something changed', async (t) => {
  const { path } = place(t)
  writeIndex(path)
  const index = WalIndex.open(path)
  index?.changed()
  index?.asked()
  t.equal(index?.changed(), false)
  truncateSync(`${path}-shm`, 47)
  t.equal(index?.changed(), true)
  t.equal(index?.changed(), true)
  appendFileSync(`${path}-shm`, '\0')
  t.equal(index?.changed(), false)
  rmSync(`${path}-shm`)
  index?.close()
})

t.test('where the head cannot be trusted, SQLite is asked', async (t) => {
  const { path } = place(t)
  t.equal(WalIndex.open(path), undefined, 'no file')
  for (const odd of [{ version: 3_007_001 }, { whole: 0 }, { bytes: 47 }]) {
    writeIndex(path, odd)
    t.equal(WalIndex.open(path), undefined, JSON.stringify(odd))
  }
  writeIndex(path)
  t.equal(WalIndex.open(path, 'win32'), undefined)
  t.equal(WalIndex.open(path, 'linux', false), undefined, 'a thread closes its descriptors when it ends')
  const index = WalIndex.open(path)
  t.ok(index)
  rmSync(`${path}-shm`)
  index?.close()
})
