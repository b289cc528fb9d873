import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, initialize, open, post } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/fastify'
import { DatabaseSync } from '@photostructure/sqlite'
import t, { type Test } from 'tap'
import { startChildServer } from '../dist/child-server.js'
import { durable } from './fixtures/durable.js'

const ENVIRONMENT = { HOLDFAST_BACKEND: 'sqlite', HOLDFAST_KEYS: generateKey() }

/** A place for a file of this name, in a folder of its own. */
async function place (t: Test, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'))
  t.teardown(async () => { await rm(folder, { recursive: true, force: true }) })
  return join(folder, name)
}

function execute (path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

/** What is wrong with a place, how it is made so, and what the server says. */
const REFUSED: Array<[what: string, make: (path: string) => Promise<void> | void, says: string]> = [
  ['a folder that others can read', async path => { await chmod(join(path, '..'), 0o755) }, 'Other users can read'],
  [
    'a symbolic link',
    async path => {
      await writeFile(`${path}-target`, '')
      await symlink(`${path}-target`, path)
    },
    'The path is a symbolic link'
  ],
  ['a folder', async path => { await mkdir(path) }, 'The path is a symbolic link, or no regular file'],
  [
    'the database of another application',
    path => { execute(path, 'PRAGMA application_id = 42; CREATE TABLE theirs (id INTEGER)') },
    'The file is the database of another application'
  ],
  [
    'a database without a mark, but with tables',
    path => { execute(path, 'CREATE TABLE theirs (id INTEGER)') },
    'The file is the database of another application'
  ]
]

for (const [what, make, says] of REFUSED) {
  t.test(`${what} ends the start with one line that says so`, async t => {
    const path = await place(t, 'canary.db')
    await make(path)
    await refused(t, path, says)
  })
}

t.test('a database that a newer version has written ends the start with one line, and stays as it is', async t => {
  const it = await durable(t, {}, 'sqlite')
  await open(it.server.url)
  t.equal(await it.server.stop(), 0)
  execute(it.path, 'PRAGMA user_version = 1000')
  const before = await digest(it.path)
  await refused(t, it.path, 'A newer version of Holdfast has written the file')
  t.equal(await digest(it.path), before)
})

async function refused (t: Test, path: string, says: string): Promise<void> {
  const starting = startChildServer({ ...ENVIRONMENT, HOLDFAST_SQLITE: path })
  const { message } = await t.rejects(starting, Error) as unknown as Error
  t.match(message, /^the server did not start: HOLDFAST_SQLITE: [^\n]*$/)
  t.match(message, says)
  t.notMatch(message, /canary|holdfast-test/, 'no path')
}

async function digest (path: string): Promise<string> {
  return createHash('sha256').update(await readFile(path)).digest('hex')
}

for (const [what, damage] of Object.entries<(content: Buffer) => Buffer>({
  'no database at all': () => Buffer.from('canary '.repeat(2000)),
  'a header that was overwritten': content => content.fill('canary', 0, 100),
  'the first half only': content => content.subarray(0, content.length / 2)
})) {
  t.test(`${what}: it starts, answers 503 and never 404, and leaves the file as it is`, async t => {
    const it = await durable(t, {}, 'sqlite')
    const session = await open(it.server.url)
    t.equal(await it.server.stop(), 0)
    await writeFile(it.path, damage(await readFile(it.path)))
    const before = await digest(it.path)
    await it.start()
    const { url } = it.server
    t.equal((await post(url, call('counter'), session)).status, 503)
    t.equal((await post(url, initialize())).status, 503)
    t.equal((await fetch(url, { method: 'DELETE', headers: session })).status, 503)
    t.equal((await fetch(new URL('/health/ready', url))).status, 503)
    t.equal((await fetch(new URL('/health/live', url))).status, 200)
    t.equal(await it.server.stop(), 0)
    t.match(it.server.log(), 'SQLITE_DAMAGED')
    t.notMatch(it.server.log(), 'canary')
    t.equal(await digest(it.path), before)
  })
}
