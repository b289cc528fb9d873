import { rmSync, statSync, truncateSync } from 'node:fs'
import type { Backend } from '@holdfast/core'
import t from 'tap'
import { sqlite } from '../dist/index.js'
import { makeFolder } from './fixtures/folder.js'
import { OtherProcess } from './fixtures/remote.js'

const RECORD = { key: 'a.a', owner: '', idle: 1e6, absolute: 1e6, body: Buffer.from('it') }
const LIMITS = { maxRecords: 10, maxPerOwner: 10 }

async function create (backend: Backend): Promise<void> {
  t.equal(await backend.records.create(RECORD, LIMITS), 'created')
}

/** Opens a file, and reads from it. @returns what came of it */
async function reopen (path: string): Promise<unknown> {
  const backend = sqlite({ path, onWarning: () => {} })
  try {
    return await backend.records.read(RECORD.key).then((record) => record?.version, ({ code }) => code)
  } finally {
    await backend.close()
  }
}

const LOSSES: Record<string, [lose: (path: string) => void, code: string]> = {
  'the -wal file': [(path) => { rmSync(`${path}-wal`) }, 'SQLITE_WAL_MISSING'],
  'the content of the database': [(path) => { truncateSync(path) }, 'SQLITE_DAMAGED'],
  'the database': [(path) => { rmSync(path) }, 'SQLITE_DAMAGED']
}
for (const [what, [lose, code]] of Object.entries(LOSSES)) {
  t.test(`a file that lost ${what} after a kill is not opened as if sessions were unknown`, async (t) => {
    const { path, remove } = makeFolder()
    t.teardown(remove)
    const other = new OtherProcess()
    const { backend } = await other.open({ path })
    const { child } = other
    await create(backend)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    lose(path)
    t.equal(await reopen(path), code)
  })
}

t.test('closing moves everything into the database', async (t) => {
  const { path, remove } = makeFolder()
  t.teardown(remove)
  const backend = sqlite({ path })
  await create(backend)
  await backend.close()
  const left = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  t.equal(left, 0)
  rmSync(`${path}-wal`, { force: true })
  t.equal(await reopen(path), 1)
})

t.test('writes to a database that was replaced under its -wal file are refused', async (t) => {
  const { path, remove } = makeFolder()
  t.teardown(remove)
  const backend = sqlite({ path, onWarning: () => {} })
  t.teardown(async () => { await backend.close() })
  await create(backend)
  rmSync(path)
  await t.rejects(backend.records.replace(RECORD.key, 1, Buffer.from('more')), { code: 'SQLITE_REPLACED' })
  await t.rejects(backend.records.read(RECORD.key), { code: 'SQLITE_REPLACED' })
})
