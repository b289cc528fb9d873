import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import {
  type Backend, type MirroredBackend, type SwitchableBackend, migrate, mirrored, switchable, withFallback
} from '@holdfast/core'
import { memory } from '@holdfast/memory'
import holdfast from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { k1 } from './fixtures/keys.js'
import { RawClient } from './fixtures/raw-client.js'
import { serving } from './fixtures/tools.js'

const guide = await readFile(new URL('../../../docs/moving-sessions.md', import.meta.url), 'utf8')
const snippets = [...guide.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

interface Running {
  app: FastifyInstance
  client: RawClient
  store: any
}

/** Runs a snippet of the guide unchanged, with the names that it uses; a session of its application is open then. */
async function run (t: Test, index: number, given: Record<string, Backend>): Promise<Running> {
  const app = Fastify({ forceCloseConnections: true })
  const parts = { memory, migrate, mirrored, switchable, withFallback }
  const context = { app, holdfast, ...parts, createServer: serving(), keys: k1, ...given }
  const code = (snippets[index] as string).replaceAll(/^import .*$/gm, '')
  const [before = '', after = ''] = code.split('// … later, while requests run:')
  const path = join(await folder(t), 'snippet.mjs')
  const head = `export async function run ({ ${Object.keys(context).join(', ')} }, open)`
  await writeFile(path, `${head} {\n${before}\nawait open()\n${after}\nreturn store\n}\n`)
  let client: RawClient | undefined
  const open = async (): Promise<void> => {
    client = await RawClient.open(new URL('/mcp', await app.listen({ host: '127.0.0.1', port: 0 })))
  }
  const store = await (await import(pathToFileURL(path).href)).run(context, open)
  t.teardown(async () => {
    await app.close()
    await store.close()
  })
  return { app, client: client as RawClient, store }
}

t.test('copying', async t => {
  const [from, to] = [memory(), memory()]
  const record = { key: 'tag.digest', owner: '', idle: 60_000, absolute: 60_000, body: Buffer.from('body') }
  await from.records.create(record, { maxRecords: 1, maxPerOwner: 1 })
  const printed = t.capture(console, 'log')
  const [code = ''] = snippets
  const path = join(await folder(t), 'snippet.mjs')
  const body = code.replaceAll(/^import .*$/gm, '')
  await writeFile(path, `export async function run ({ migrate, from, to }) {\n${body}\nreturn report\n}\n`)
  t.match(await (await import(pathToFileURL(path).href)).run({ migrate, from, to }), { copied: 1, failed: [] })
  t.strictSame(printed().map(({ args }) => args[0]), [1, 1])
  t.ok(await to.records.read('tag.digest'))
})

t.test('changing over while requests run', async t => {
  const target = memory()
  const { client, store } = await run(t, 1, { target })
  t.equal((store as SwitchableBackend).serving, target)
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
  t.equal(await target.records.count(), 1)
})

t.test('a second copy', async t => {
  const [primary, copy] = [memory(), memory()]
  const { client, store } = await run(t, 2, { primary, copy })
  t.equal(await (store as MirroredBackend).promote(copy), 0)
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
  t.equal(await copy.records.count(), 1)
})

t.test('while the store is away', async t => {
  const primary = memory()
  const { app, client, store } = await run(t, 3, { primary })
  const { ping } = primary
  const { touch, count } = primary.records
  primary.ping = primary.records.touch = primary.records.count = async () => { throw new Error('away') }
  t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 503)
  t.equal(store.state, 'fallback')
  const other = await RawClient.open(client.url)
  t.strictSame(await other.call('echo', { fine: true }), { fine: true })
  Object.assign(primary, { ping })
  Object.assign(primary.records, { touch, count })
  while (store.state === 'fallback') await new Promise(resolve => setTimeout(resolve, 50))
  for (const one of [client, other]) t.strictSame(await one.call('echo', { fine: true }), { fine: true })
  t.equal(await app.mcpSessions.count(), 2)
})

t.test('there is no other snippet', async t => { t.equal(snippets.length, 4) })
