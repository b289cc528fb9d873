import { EventEmitter, once } from 'node:events'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import t from 'tap'
import { open } from '@holdfast/clients/by-hand'
import { type Connected, connected } from '@holdfast/clients/connected'
import { durable } from './fixtures/durable.js'

// Each has a server of its own, and waits for it to start and to end.
t.jobs = 2

t.test('a call that ends in time is answered, and what it did is in the snapshot', { buffered: true }, async t => {
  const it = await durable(t)
  const one = await connected(t, it.server.url)
  await one.call('counter', { by: 4 })
  const { answer } = await countdown(one, { steps: 5, intervalMs: 100 })
  const stopped = it.server.stop()
  t.match(await answer, { structuredContent: { steps: 5 } })
  t.equal(await stopped, 0)
  await it.start()
  t.match(await one.call('counter'), { total: 5, activated: true })
})

t.test('a call that takes longer than the drain is answered with an error; its session goes on', {
  buffered: true
}, async t => {
  const it = await durable(t, { HOLDFAST_DRAIN_TIMEOUT: '300ms' })
  const one = await connected(t, it.server.url)
  await one.call('counter', { by: 4 })
  const { answer } = await countdown(one, { steps: 1_000, intervalMs: 50 })
  const asked = performance.now()
  const stopped = it.server.stop()
  await t.rejects(answer, { code: -32000, message: /interrupted; it may have run/ })
  t.equal(await stopped, 0)
  t.ok(performance.now() - asked < 5_000)
  await it.start()
  t.match(await one.call('counter'), { total: 5, activated: true })
})

t.test('a second signal does not wait', { buffered: true }, async t => {
  const it = await durable(t)
  const one = await connected(t, it.server.url)
  const { answer } = await countdown(one, { steps: 1_000, intervalMs: 50 })
  const closed = once(it.server.process, 'close')
  it.server.process.kill('SIGTERM')
  // It takes nothing new: the first signal has been seen.
  while ((await fetch(it.server.url, { method: 'DELETE' })).status !== 503);
  // A client that goes away cancels nothing.
  await Promise.all([t.rejects(answer, /closed/), one.client.close()])
  it.server.process.kill('SIGTERM')
  t.strictSame(await closed, [null, 'SIGTERM'])
})

t.test('a snapshot that cannot be written makes the exit code 1, and the log says why', { buffered: true }, async t => {
  const it = await durable(t)
  await open(it.server.url)
  await rm(dirname(it.path), { recursive: true })
  t.equal(await it.server.stop(), 1)
  t.match(it.server.log(), /HOLDFAST_SNAPSHOT_FAILED.*the snapshot could not be written/)
  t.match(it.server.log(), 'ENOENT')
})

/** A long call, and a promise of its answer. Resolves when the call runs. */
async function countdown ({ client }: Connected, args: Record<string, unknown>) {
  const steps = new EventEmitter()
  const first = once(steps, 'step')
  const call = { name: 'countdown', arguments: args }
  const answer = client.callTool(call, undefined, { onprogress: () => steps.emit('step') })
  await first
  return { answer }
}
