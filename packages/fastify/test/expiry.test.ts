import t from 'tap'
import { memory } from '@holdfast/memory'
import { events } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

const pause = async (milliseconds: number): Promise<void> => {
  await new Promise(resolve => setTimeout(resolve, milliseconds))
}

t.test('an open stream and a running call are use; their end is not', async t => {
  const [running, gate] = [latch(), latch()]
  const { url, app } = await start(t, {
    ttl: { idle: '1s' },
    createServer: serving({ ...echo, wait: async () => { running.open(); await gate.opened; return 'done' } })
  })
  const expired: string[] = []
  const all = latch()
  app.mcpSessions.on('expired', ({ reason }) => { if (expired.push(reason) === 3) all.open() })
  const [streaming, calling, idle] = [await RawClient.open(url), await RawClient.open(url), await RawClient.open(url)]
  const stream = events(await streaming.get())
  await stream.next()
  const call = calling.call('wait')
  await running.opened
  await pause(2000)
  t.equal((await idle.get()).status, 404)
  t.strictSame(await streaming.call('echo', {}), {})
  gate.open()
  t.equal(await call, 'done')
  await stream.return()
  await all.opened
  t.equal((await streaming.get()).status, 404)
  t.equal((await calling.get()).status, 404)
  t.strictSame(expired, ['idle', 'idle', 'idle'])
})

t.test('the absolute limit ends a session in use, and its streams', async t => {
  const { url, app } = await start(t, {
    responseMode: 'json',
    ttl: { idle: '1h', absolute: 700 },
    createServer: serving({ wait: async () => await new Promise(() => {}) })
  })
  const expired = latch<string>()
  app.mcpSessions.on('expired', ({ reason }) => { expired.open(reason) })
  const client = await RawClient.open(url)
  const stream = events(await client.get())
  await stream.next()
  const call = client.start('wait')
  t.equal((await stream.next()).done, true)
  t.match(await (await call).json(), { id: 1, error: { message: 'Session not found' } })
  t.equal((await client.get()).status, 404)
  t.equal(await expired.opened, 'absolute')
})

t.test('each expired session is reported once, however many replicas sweep', async t => {
  const backend = memory()
  const reports: string[] = []
  const all = latch()
  const replicas = await Promise.all([1, 2, 3].map(async () => {
    const started = await start(t, { backend, ttl: { idle: 300 } })
    started.app.mcpSessions.on('expired', ({ key }) => { if (reports.push(key) === 9) all.open() })
    return started
  }))
  for (const { url } of replicas) await Promise.all([1, 2, 3].map(async () => await RawClient.open(url)))
  await all.opened
  await pause(300)
  t.equal(reports.length, 9)
  t.equal(new Set(reports).size, 9)
})

t.test('a listener that fails does not stop the sweep', async t => {
  const { url, app } = await start(t, { ttl: { idle: 300 } })
  const errors: unknown[] = []
  const both = latch()
  let expired = 0
  app.mcpSessions.on('error', ({ error }) => { errors.push(error) })
  app.mcpSessions.on('expired', async () => { throw new Error('listener') })
  app.mcpSessions.on('expired', () => { if (++expired === 2) both.open() })
  await RawClient.open(url)
  await RawClient.open(url)
  await both.opened
  t.match(errors, [{ message: 'listener' }, { message: 'listener' }])
})
