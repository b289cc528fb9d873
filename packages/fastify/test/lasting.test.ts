import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import type { DisposeReason, HoldfastOptions } from '../dist/index.js'
import { latch } from './fixtures/latch.js'
import { RawClient } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { type Tools, echo, serving } from './fixtures/tools.js'

interface Lasting extends Started {
  made: () => number
  disposed: DisposeReason[]
  ended: string[]
  nextDisposal: () => Promise<DisposeReason>
}

/** An application whose servers hold a page that cannot be made again. */
async function lasting (t: Test, options: Partial<HoldfastOptions> = {}): Promise<Lasting> {
  let made = 0
  let next = latch<DisposeReason>()
  const disposed: DisposeReason[] = []
  const ended: string[] = []
  const started = await start(t, {
    createServer: (session, shared) => {
      made++
      let page = 'blank'
      const tools: Tools = {
        ...echo,
        visit: ({ args }) => { page = args.page },
        page: () => page,
        crash: async ({ server }) => { setImmediate(() => { void server.close() }) }
      }
      return {
        server: serving(tools)(session, shared) as any,
        live: 'session',
        dispose: reason => { disposed.push(reason); next.open(reason); next = latch() }
      }
    },
    onEnd: (_, reason) => { ended.push(reason) },
    ...options
  })
  return { ...started, made: () => made, disposed, ended, nextDisposal: async () => await next.opened }
}

t.test('its server object never becomes dormant', async t => {
  const { url, made, disposed } = await lasting(t, { live: { idle: 20 } })
  const client = await RawClient.open(url)
  await client.call('visit', { page: 'https://example.com' })
  await new Promise(resolve => setTimeout(resolve, 200))
  t.equal(await client.call('page'), 'https://example.com')
  t.equal(made(), 1)
  t.strictSame(disposed, [])
})

t.test('it gives its place to nobody, and one owner has at most half of them', async t => {
  const principal: NonNullable<HoldfastOptions['principal']> = ({ headers }) => ({ subject: String(headers['x-user']) })
  const { url, made, disposed } = await lasting(t, { live: { max: 4 }, principal })
  const ada = { headers: { 'x-user': 'ada' } }
  const clients = [await RawClient.open(url, ada), await RawClient.open(url, ada)]
  await t.rejects(RawClient.open(url, ada), /503/)
  await RawClient.open(url, { headers: { 'x-user': 'bob' } })
  for (const client of clients) t.equal(await client.call('page'), 'blank')
  t.equal(made(), 3)
  t.strictSame(disposed, [])
})

t.test('without use it ends by idle expiry, and its server is let go', async t => {
  const told = latch<string>()
  const { url, nextDisposal } = await lasting(t, {
    ttl: { idle: '1s' }, live: { idle: 50 }, onEnd: (_, reason) => { told.open(reason) }
  })
  const gone = nextDisposal()
  const client = await RawClient.open(url)
  t.equal(await gone, 'expired')
  t.equal((await client.start('page')).status, 404)
  t.equal(await told.opened, 'idle')
})

t.test('the message that it has expired is lost: its server is let go all the same', async t => {
  const backend = memory()
  const { url, nextDisposal } = await lasting(t, { backend, ttl: { idle: '1s' }, live: { idle: 50 } })
  await RawClient.open(url)
  backend.bus.publish = async () => 0
  t.equal(await nextDisposal(), 'expired')
})

t.test('it is unknown in another process, where no server is made for it', async t => {
  const backend = memory()
  const [one, two] = [await lasting(t, { backend }), await lasting(t, { backend })]
  const client = await RawClient.open(one.url)
  const there = client.at(two.url)
  const notified = await there.notify('notifications/cancelled')
  for (const response of [await there.start('page'), await there.get(), notified]) {
    t.equal(response.status, 404)
  }
  t.equal(two.made(), 0)
  t.equal(await client.call('page'), 'blank')
})

t.test('it ends with its process, and with its server', async t => {
  const backend = memory()
  const { app, url, disposed, ended } = await lasting(t, { backend })
  const client = await RawClient.open(url)
  await client.call('crash')
  await new Promise(resolve => setImmediate(resolve))
  t.equal((await client.start('page')).status, 404)
  t.strictSame(ended, ['terminated'])
  await RawClient.open(url)
  t.equal(await app.mcpSessions.count(), 1)
  await app.close()
  t.equal(await backend.records.count(), 0)
  t.strictSame(ended, ['terminated', 'terminated'])
  t.equal(disposed.length, 2)
})
