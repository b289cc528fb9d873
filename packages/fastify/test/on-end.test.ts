import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import type { HoldfastOptions } from '../dist/index.js'
import { latch } from './fixtures/latch.js'
import { Log } from './fixtures/log.js'
import { RawClient } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

type Ended = Parameters<NonNullable<HoldfastOptions['onEnd']>>

const counting = serving({
  ...echo,
  count: async ({ session }) => (await session.update(data => { data.total = Number(data.total ?? 0) + 1 })).total,
  key: ({ session }) => session.key
})
const context = { resolve: () => ({ apiKey: 'of the tenant' }) }
const principal: NonNullable<HoldfastOptions['principal']> = ({ headers }) => ({ subject: String(headers['x-user']) })

/** An application that keeps what `onEnd` was called with. */
async function ending (
  t: Test, options: Partial<HoldfastOptions> = {}
): Promise<Started & { ended: Ended[], next: () => Promise<Ended> }> {
  const ended: Ended[] = []
  let told = latch<Ended>()
  const started = await start(t, {
    createServer: counting,
    context,
    principal,
    onEnd: (...args) => {
      ended.push(args)
      told.open(args)
      told = latch()
    },
    ...options
  })
  return { ...started, ended, next: async () => await told.opened }
}

const ada = { headers: { 'x-user': 'ada' } }

t.test('an ended session is told with its data, live or dormant', async t => {
  const { url, ended, next } = await ending(t, { live: { max: 1 } })
  const dormant = await RawClient.open(url, ada)
  await dormant.call('count')
  const key = await dormant.call('key')
  const live = await RawClient.open(url, ada)
  await live.call('count')
  await live.call('count')
  const first = next()
  t.equal((await dormant.delete()).status, 200)
  t.match(await first, [{
    key,
    label: key.split('.')[1].slice(0, 8),
    principal: { subject: 'ada' },
    client: { name: 'raw' },
    context: { apiKey: 'of the tenant' },
    data: { total: 1 },
    createdAt: Number,
    usedAt: Number
  }, 'terminated'])
  const second = next()
  t.equal((await live.delete()).status, 200)
  t.match(await second, [{ data: { total: 2 } }, 'terminated'])
  t.equal((await live.delete()).status, 404)
  t.equal(ended.length, 2)
})

t.test('a session that expires, one that makes room, and all of an owner', async t => {
  const { url, app, ended, next } = await ending(t, { ttl: { idle: '1s' }, limits: { maxPerOwner: 2, evict: 'idle' } })
  const clients = [await RawClient.open(url, ada), await RawClient.open(url, ada)]
  for (const client of clients) await client.call('count')
  const evicted = next()
  await RawClient.open(url, ada)
  t.match(await evicted, [{ data: { total: 1 } }, 'evicted'])
  await app.mcpSessions.terminateAll({ principal: { subject: 'ada' } })
  t.strictSame(ended.map(([, reason]) => reason), ['evicted', 'terminated', 'terminated'])
  const expired = next()
  await RawClient.open(url, { headers: { 'x-user': 'bob' } })
  t.match(await expired, [{ principal: { subject: 'bob' } }, 'idle'])
  await RawClient.open(url, ada)
  await RawClient.open(url, ada)
  t.equal(await app.mcpSessions.clear(), 2)
  t.equal(ended.length, 6)
})

t.test('one replica of the fleet is told', async t => {
  const backend = memory()
  const keys: string[] = []
  const [half, all] = [latch(), latch()]
  const onEnd: HoldfastOptions['onEnd'] = ({ key }) => {
    keys.push(key)
    if (keys.length === 10) half.open()
    if (keys.length === 20) all.open()
  }
  const replica = async (): Promise<URL> => (await ending(t, { backend, ttl: { idle: '1s' }, onEnd })).url
  const urls = [await replica(), await replica(), await replica()]
  const clients = await Promise.all(Array.from({ length: 20 }, async () => await RawClient.open(urls[0] as URL, ada)))
  await Promise.all(clients.slice(0, 10).flatMap(client => urls.map(async url => await client.at(url).delete())))
  await half.opened
  t.equal(keys.length, 10)
  await all.opened
  await new Promise(resolve => setTimeout(resolve, 100))
  t.equal(keys.length, 20)
  t.equal(new Set(keys).size, 20)
})

t.test('what throws, hangs or ends the session again holds up nobody', async t => {
  const log = new Log()
  let what: (key: string) => unknown = () => {}
  const { app, url } = await start(t, {
    createServer: counting,
    principal,
    onEnd: async session => { await what(session.key) }
  }, { fastify: { logger: log.logger } })
  what = () => { throw new Error('of the application') }
  t.equal((await (await RawClient.open(url, ada)).delete()).status, 200)
  t.match(log.saying('holdfast: something failed')[0], { err: { message: 'of the application' } })
  what = async () => await new Promise(() => {})
  const [one, two] = [await RawClient.open(url, ada), await RawClient.open(url, ada)]
  t.equal((await one.delete()).status, 200)
  t.equal((await two.delete()).status, 200)
  let again: unknown
  what = async key => { again = await app.mcpSessions.terminate({ key, owner: owner as string }) }
  const three = await RawClient.open(url, ada)
  const { sessions: [{ owner } = { owner: '' }] } = await app.mcpSessions.list()
  await three.delete()
  t.equal(again, false)
  const began = performance.now()
  await app.close()
  t.ok(performance.now() - began < 2_000, 'a hanging onEnd does not hold up the end of the app')
})

t.test('a closing app waits for what is being released', async t => {
  const [begun, gate] = [latch(), latch()]
  let released = false
  const { app, url } = await start(t, {
    createServer: counting,
    onEnd: async () => {
      begun.open()
      await gate.opened
      released = true
    }
  })
  const client = await RawClient.open(url)
  await client.delete()
  await begun.opened
  setTimeout(() => gate.open(), 50)
  await app.close()
  t.equal(released, true)
})
