import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { type MigrationStopped, Sessions, isHoldfastError, switchable, unsealed } from '../dist/index.js'
import { bytes, given } from './fixtures/given.js'
import { outage } from './fixtures/manager.js'
import { held } from './fixtures/process.js'
import { Reference } from './fixtures/reference.js'

/** Two backends that answer after some turns of the loop, the first in front. */
async function pair (amount = 0) {
  const [old, next] = [new Reference(), new Reference()]
  for (const { records, events } of [old, next]) {
    for (const part of [records, events]) {
      for (const [name, call] of Object.entries(part) as Array<[string, (...args: unknown[]) => Promise<unknown>]>) {
        Object.assign(part, {
          [name]: async (...args: unknown[]) => {
            await turn()
            return await call(...args)
          }
        })
      }
    }
  }
  const backend = switchable(old)
  for (let i = 0; i < amount; i++) await given(backend, { subject: `owner ${i % 3}` })
  return { old, next, backend }
}

t.test('a running application changes over, and no request fails', async t => {
  const { old, next, backend } = await pair(40)
  const sessions = new Sessions({ backend, codec: unsealed })
  const running = new AbortController()
  let began = 0
  const clients = Array.from({ length: 12 }, async (_, i) => {
    let ends = 0
    const session = await sessions.create({ data: { n: 0 } })
    const stream = { key: session.key, name: 'open' }
    let calls = 0
    while (!running.signal.aborted) {
      calls++
      await session.update(data => { data.n++ })
      if (!await sessions.touch(session)) throw new Error('it was gone')
      const at = await backend.events.append(stream, [bytes(`${calls}`)])
      if (at !== calls) throw new Error(`event ${calls} went to ${at}`)
      await backend.events.delivered(stream, calls)
      if (calls % 5 === i % 5) {
        const other = await sessions.create()
        began++
        if (began % 2 === 0) {
          await sessions.terminate({ id: other.id, principal: null })
          ends++
        }
      }
    }
    return { session, calls, ends }
  })
  for (let i = 0; i < 20; i++) await turn()
  const report = await backend.switchTo(next, { batchSize: 7 })
  t.equal(backend.serving, next)
  t.strictSame(backend.status?.(), {}, 'nothing follows')
  for (let i = 0; i < 50; i++) await turn()
  running.abort()
  const done = await Promise.all(clients)
  t.match(report, { failed: [] })
  for (const { session, calls } of done) {
    t.strictSame((await sessions.open(session.id, null))?.data, { n: calls })
    t.match(await next.events.streams([session.key]), [{ floor: Math.max(0, calls - 12), delivered: calls }])
  }
  t.equal(next.stored.size, 40 + 12 + began - done.reduce((sum, { ends }) => sum + ends, 0))
  t.ok(old.stored.size < next.stored.size, 'nothing goes there any more')
})

t.test('writes that end at the last moment are at the target, too, however many', async t => {
  const { old, next, backend } = await pair(250)
  const keys = [...old.stored.keys()]
  let end = (): void => {}
  const ended = new Promise<void>(resolve => { end = resolve })
  const { replace } = old.records
  old.records.replace = async (...write) => {
    await ended
    return await replace(...write)
  }
  const written = Promise.all(keys.map(async key => await backend.records.replace(key, 1, bytes('at the last moment'))))
  const switched = backend.switchTo(next)
  while (next.stored.size < keys.length) await turn()
  for (let i = 0; i < 50; i++) await turn()
  t.equal(backend.serving, old, 'it waits for what is under way')
  end()
  t.strictSame(new Set(await written), new Set([2]))
  await switched
  t.ok([...next.stored.values()].every(({ version }) => version === 2))
})

t.test('a list goes on where it is, or begins anew at the other backend', async t => {
  const { next, backend } = await pair(5)
  const { cursor } = await backend.records.list({ limit: 2 })
  t.ok(cursor)
  const rest = await backend.records.list({ limit: 10, cursor: cursor as string })
  t.equal(rest.records.length, 3)
  await backend.switchTo(next)
  t.equal((await backend.records.list({ limit: 10, cursor: cursor as string })).records.length, 5)
})

t.test('subscriptions and presence change over, too', async t => {
  const { old, next, backend } = await pair()
  const heard: string[] = []
  const stop = await backend.bus.subscribe('channel', message => { heard.push(Buffer.from(message).toString()) })
  await backend.presence.announce('mine', 60_000)
  await backend.bus.publish('channel', bytes('one'))
  await backend.switchTo(next)
  t.equal(await backend.bus.publish('channel', bytes('two')), 1)
  t.strictSame(heard, ['one', 'two'])
  t.equal(await next.presence.isPresent('mine'), true)
  await stop()
  t.equal(await backend.bus.publish('channel', bytes('three')), 0)
  t.equal(old.listeners.length + next.listeners.length, 0)
})

t.test('a subscription that begins or ends in the middle is nowhere or on both', async t => {
  const { old, next, backend } = await pair(3)
  const stop = await backend.bus.subscribe('one', () => {})
  const { subscribe } = next.bus
  let ended: Promise<void> | undefined
  let begun: Promise<() => Promise<void>> | undefined
  next.bus.subscribe = async (channel, listener) => {
    if (channel === 'one') ended ??= stop()
    begun ??= backend.bus.subscribe('two', () => {})
    await turn()
    return await subscribe(channel, listener)
  }
  await backend.switchTo(next)
  await ended
  const stopTwo = await (begun as Promise<() => Promise<void>>)
  t.equal(await backend.bus.publish('one', bytes('x')), 0)
  t.equal(await backend.bus.publish('two', bytes('x')), 1)
  await stopTwo()
  t.equal(next.listeners.length + old.listeners.length, 0)
})

t.test('a switch that fails changes nothing, and the next attempt goes on', async t => {
  const { old, next, backend } = await pair(20)
  const up = outage(next, new Error('not yet'))
  t.match(await backend.switchTo(next).catch((error: unknown) => error), {
    code: 'HOLDFAST_MIGRATION_STOPPED', cause: { message: 'not yet' }
  })
  up()
  const abort = new AbortController()
  const stopped = await backend.switchTo(next, {
    batchSize: 2, signal: abort.signal, onProgress: ({ copied }) => { if (copied === 4) abort.abort() }
  }).catch((error: unknown) => error) as MigrationStopped
  const { copied } = stopped.report
  t.ok(copied >= 4 && copied <= 8, `the batches under way are copied: ${copied}`)
  t.equal(backend.serving, old)
  const key = await given(backend)
  t.match(await backend.switchTo(next), { copied: 21 - copied, skipped: copied })
  t.equal(backend.serving, next)
  t.equal(await backend.records.touch(key, 1), 'current')
  t.strictSame(held(next), held(old))
})

t.test('a target that fails at the last moment is not switched to', async t => {
  const { old, next, backend } = await pair(4)
  const key = await given(backend)
  next.presence.announce = async () => { throw new Error('at the last moment') }
  await backend.presence.announce('mine', 60_000)
  t.match(await backend.switchTo(next).catch((error: unknown) => error), {
    code: 'HOLDFAST_MIGRATION_STOPPED', cause: { message: 'at the last moment' }, report: { copied: 5 }
  })
  t.equal(backend.serving, old)
  t.equal(await backend.records.touch(key, 1), 'current')
})

t.test('a signal after the last batch still stops it', async t => {
  const { old, next, backend } = await pair(2)
  const abort = new AbortController()
  let batches = 0
  await t.rejects(
    backend.switchTo(next, { signal: abort.signal, onProgress: () => { if (++batches === 2) abort.abort() } }),
    { code: 'HOLDFAST_MIGRATION_STOPPED' }
  )
  t.equal(backend.serving, old)
})

t.test('it does not leave a session behind', async t => {
  const { old, next, backend } = await pair(3)
  const { create } = next.records
  const [refused] = old.stored.keys()
  next.records.create = async (record, limits) => {
    if (record.key === refused) throw new Error('not this one')
    return await create(record, limits)
  }
  const error = await backend.switchTo(next).catch((error: unknown) => error) as MigrationStopped
  t.ok(isHoldfastError(error, 'HOLDFAST_MIGRATION_STOPPED'))
  t.match(error.report, { copied: 2, failed: [{ reason: 'Error' }] })
  t.equal(backend.serving, old)
})

t.test('it is for one replica, one switch at a time and another place', async t => {
  const { old, next, backend } = await pair(1)
  await old.presence.announce('other', 60_000)
  await t.rejects(backend.switchTo(next), { code: 'HOLDFAST_NOT_ALONE' })
  await old.presence.withdraw('other')
  await t.rejects(backend.switchTo(old), { name: 'InvalidOptionError', path: 'to' })
  const first = backend.switchTo(next)
  await t.rejects(backend.switchTo(new Reference()), { name: 'InvalidOptionError', path: 'target' })
  await first
  t.equal(backend.serving, next)
})

t.test('it counts as durable, is shared as what serves, and closes what serves', async t => {
  const { old, next, backend } = await pair()
  const closed: Reference[] = []
  for (const one of [old, next]) one.close = async () => { closed.push(one) }
  t.throws(() => new Sessions({ backend }), { name: 'InvalidOptionError', path: 'codec' })
  Object.assign(next, { shared: false })
  t.strictSame([backend.durable, backend.shared], [true, true])
  await backend.switchTo(next)
  t.equal(backend.shared, false)
  await backend.close()
  t.strictSame(closed, [next])
  const { backend: switching, next: target } = await pair(10)
  const switched = switching.switchTo(target, { batchSize: 1 })
  const rejected = t.rejects(switched, { code: 'HOLDFAST_MIGRATION_STOPPED', cause: { code: 'HOLDFAST_CLOSED' } })
  for (let i = 0; i < 10; i++) await turn()
  await switching.close()
  await rejected
})
