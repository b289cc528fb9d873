import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { type FallbackOptions, HoldfastError, type RecoveryReport, Sessions, withFallback } from '../dist/index.js'
import { runContract } from '../dist/contract/index.js'
import { UNLIMITED, bytes, draft, given } from './fixtures/given.js'
import { ADA, outage } from './fixtures/manager.js'
import { Reference } from './fixtures/reference.js'
import { routed } from './fixtures/routed.js'

const AWAY = { code: 'HOLDFAST_BACKEND_UNAVAILABLE' }

/** A primary that can go away and come back, and what is heard of it. */
function start (t: { teardown (close: () => Promise<void>): void }, options: Partial<FallbackOptions> = {}) {
  const [primary, fallback] = [new Reference(), new Reference()]
  const changes = new EventEmitter()
  const warnings: Error[] = []
  const backend = withFallback(primary, fallback, {
    replicas: 1,
    probe: 1,
    onChange: (serving, report) => { changes.emit(serving, report) },
    onWarning: warning => {
      warnings.push(warning)
      changes.emit('warning')
    },
    ...options
  })
  // What asks the primary again does not keep a process alive.
  const alive = setInterval(() => {}, 1000)
  t.teardown(async () => {
    clearInterval(alive)
    await backend.close()
  })
  let restore = (): void => {}
  return {
    primary,
    fallback,
    backend,
    warnings,
    changes,
    leave (cause = new Error('connection lost')) {
      restore = outage(primary, cause)
      primary.ping = async () => { throw cause }
    },
    /** Resolves when the primary serves again. */
    async comeBack (): Promise<RecoveryReport> {
      const back = once(changes, 'primary')
      restore()
      primary.ping = async () => {}
      return (await back)[0]
    },
    back () {
      restore()
      primary.ping = async () => {}
    }
  }
}

t.test('while the primary answers it is the primary', async t => {
  runContract((name, run) => t.test(name, run), routed((one, two) => withFallback(one, two, { replicas: 1 })))
})

t.test('while the fallback serves, the backend is degraded', async t => {
  const { backend, leave, comeBack } = start(t)
  const sessions = new Sessions({ backend })
  const heard: unknown[] = []
  sessions.on('health', ({ state, reasons }) => { heard.push([state, reasons]) })
  leave()
  await t.rejects(sessions.create(), AWAY)
  t.match(await sessions.health(), { state: 'degraded', reasons: ['fallback'] })
  await comeBack()
  t.match(await sessions.health(), { state: 'healthy', reasons: [] })
  t.strictSame(heard, [['degraded', ['fallback']], ['healthy', []]])
})

t.test('new sessions begin while the primary is away, and are the primary\'s when it is back', async t => {
  const { primary, fallback, backend, leave, comeBack } = start(t)
  const sessions = new Sessions({ backend })
  t.strictSame(backend.status?.(), { fallback: { active: false, activations: 0 } })
  Object.assign(primary, { status: () => ({ breaker: 'open' }) })
  leave()
  await t.rejects(sessions.create(), AWAY, 'whoever finds out is told so: the primary may have heard')
  t.equal(backend.state, 'fallback')
  t.strictSame(backend.status?.(), { breaker: 'open', fallback: { active: true, activations: 1 } })
  const session = await sessions.create({ principal: ADA, data: { n: 0 } })
  await session.update(data => { data.n++ })
  await backend.events.append({ key: session.key, name: 'open' }, [bytes('a')], { head: bytes('head') })
  t.equal(primary.stored.size, 0)
  t.strictSame(await comeBack(), { revoked: 0, carried: 1, conflicts: 0, refused: 0 })
  t.strictSame([backend.state, backend.activations], ['primary', 1])
  t.equal(await sessions.touch(session), true)
  await session.update(data => { data.n++ })
  t.strictSame((await sessions.open(session.id, ADA))?.data, { n: 2 })
  t.match(await backend.events.streams([session.key]), [{ name: 'open', entries: { length: 1 } }])
  t.match(primary.stored.get(session.key), { version: 3 })
  t.equal(fallback.stored.size, 0)
})

t.test('sessions of the primary answer as in any outage, and go on afterwards', async t => {
  const { backend, leave, comeBack } = start(t)
  const { records, events } = backend
  const key = await given(backend)
  const stream = { key, name: 'open' }
  await events.append(stream, [bytes('a')])
  leave()
  await t.rejects(records.read(key), AWAY)
  t.equal(backend.state, 'fallback')
  const calls: Array<() => Promise<unknown>> = [
    async () => await records.read(key),
    async () => await records.touch(key, 1),
    async () => await records.replace(key, 1, bytes('x')),
    async () => await events.append(stream, [bytes('b')]),
    async () => await events.readAfter(stream, 0, 10)
  ]
  for (const call of calls) await t.rejects(call(), AWAY, 'it is not known to be missing')
  t.equal(await records.reseal(key, 1, bytes('x')), false)
  t.strictSame(await events.streams([key]), [])
  t.match(await comeBack(), { carried: 0 })
  t.equal(await records.touch(key, 1), 'current')
})

t.test('what ends during the outage ends at the primary, before anything that began gets there', async t => {
  const { primary, backend, leave, comeBack } = start(t)
  const { records } = backend
  const [one, kept] = [await given(backend), await given(backend)]
  const eve = draft({ subject: 'eve' })
  const stolen = await given(backend, { subject: 'eve' })
  leave()
  await t.rejects(records.read(one))
  t.equal(await records.remove(one), 'unseen')
  t.equal(await records.remove(one), undefined)
  t.equal(await records.read(one), undefined, 'known to have ended')
  t.equal(await records.create(draft({ key: one }), UNLIMITED), 'exists')
  t.strictSame(await records.removeOwner(eve.owner), [])
  const [again, short] = [await given(backend, { subject: 'eve' }), await given(backend, { subject: 'eve' })]
  await records.remove(short)
  t.strictSame((await records.removed([one, short, kept, again])).toSorted(), [one, short].toSorted())
  const order: string[] = []
  const report = comeBack()
  const { create, remove, removeOwner } = primary.records
  primary.records.create = async (record, limits) => {
    order.push('create')
    return await create(record, limits)
  }
  primary.records.remove = async key => {
    order.push('remove')
    return await remove(key)
  }
  primary.records.removeOwner = async owner => {
    order.push('removeOwner')
    return await removeOwner(owner)
  }
  t.match(await report, { revoked: 2, carried: 1 })
  t.strictSame(order, ['removeOwner', 'remove', 'remove', 'create'])
  for (const key of [one, stolen, short]) t.equal(await records.read(key), undefined)
  for (const key of [kept, again]) t.ok(await records.read(key))
})

t.test('all sessions of an owner that began meanwhile end with it', async t => {
  const { backend, leave, comeBack } = start(t)
  const { records } = backend
  leave()
  await t.rejects(records.read('tag.any'))
  const key = await given(backend, { subject: 'eve' })
  t.strictSame(await records.removeOwner(draft({ subject: 'eve' }).owner), [key])
  t.equal(await records.touch(key, 1), undefined)
  t.equal(await records.replace(key, 1, bytes('x')), 'gone')
  t.equal(await backend.events.append({ key, name: 'open' }, [bytes('a')]), 'gone')
  t.equal(
    await backend.events.readAfter({ key: await given(backend, { idle: 1 }), name: 'open' }, 0, 10),
    undefined,
    'a session of the fallback without such a stream'
  )
  t.match(await comeBack(), { carried: 1 })
  t.equal(await records.read(key), undefined)
})

t.test('what the primary has wins, and what ended there stays ended', async t => {
  const { primary, backend, leave, comeBack } = start(t)
  const [there, ended] = [draft({ body: bytes('the primary\'s') }), draft()]
  await primary.records.create(there, UNLIMITED)
  await given(primary, ended)
  await primary.records.remove(ended.key)
  leave()
  await t.rejects(backend.records.read(there.key))
  for (const { key } of [there, ended]) {
    await given(backend, { key, body: bytes('another') })
    await backend.records.replace(key, 1, bytes('and newer'))
  }
  t.match(await comeBack(), { carried: 0, conflicts: 2 })
  t.match(await backend.records.read(there.key), { version: 1, body: there.body })
  t.equal(await backend.records.read(ended.key), undefined)
})

t.test('nothing of one outage is there in the next, nor anything that was in the fallback before', async t => {
  const { fallback, backend, leave, comeBack } = start(t)
  const old = await given(fallback)
  leave()
  await t.rejects(backend.records.read(old))
  await t.rejects(backend.records.read(old), AWAY)
  const key = await given(backend)
  await comeBack()
  await backend.records.remove(key)
  leave()
  await t.rejects(backend.records.read(key), AWAY)
  t.equal(await backend.records.count(), 0)
  t.equal(backend.activations, 2)
})

t.test('a recovery that fails in the middle is tried again, and loses nothing', async t => {
  const { primary, backend, leave, comeBack, back, changes, warnings } = start(t)
  leave()
  await t.rejects(backend.records.read('tag.any'))
  const [first, second] = [await given(backend), await given(backend)]
  await backend.events.append({ key: second, name: 'open' }, [bytes('a')])
  await backend.records.remove('tag.gone')
  const warned = once(changes, 'warning')
  back()
  const { importStream } = primary.events
  primary.events.importStream = async () => { throw new Error('connection lost again') }
  await warned
  t.match(warnings[0], { message: 'connection lost again' })
  t.equal(backend.state, 'fallback')
  t.equal(primary.stored.size, 2, 'they got there')
  t.equal(await backend.records.replace(first, 1, bytes('changed since')), 2)
  primary.events.importStream = importStream
  t.match(await comeBack(), { carried: 2, conflicts: 0 })
  t.match(await backend.records.read(first), { version: 2, body: bytes('changed since') })
  t.equal((await backend.events.streams([second])).length, 1)
})

t.test('what the primary has no room for is lost, and said so', async t => {
  const { primary, backend, leave, comeBack } = start(t)
  leave()
  await t.rejects(backend.records.read('tag.any'))
  for (let i = 0; i < 3; i++) await given(backend)
  const report = comeBack()
  const { create } = primary.records
  primary.records.create = async (record, limits) => await create(record, { ...limits, maxRecords: 1 })
  t.match(await report, { carried: 1, refused: 2 })
})

t.test('a refusal is no outage, and neither is one call that fails', async t => {
  const { primary, backend } = start(t)
  const key = await given(backend)
  for (const error of [
    new HoldfastError('HOLDFAST_BACKEND_FULL'),
    new Error('not this one'),
    new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE')
  ]) {
    primary.records.replace = async () => { throw error }
    await t.rejects(backend.records.replace(key, 1, bytes('x')), error)
    t.equal(backend.state, 'primary')
  }
})

t.test('many calls that meet the outage together make one', async t => {
  const { backend, leave } = start(t, { probe: '1h' })
  leave()
  const counts = await Promise.all(Array.from({ length: 20 }, async () => await backend.records.count()))
  t.strictSame(new Set(counts), new Set([0]))
  t.equal(backend.activations, 1)
})

t.test('a call that was on its way to the primary, and fails after the others did, ' +
  'is answered by the fallback', async t => {
  const { primary, backend, leave } = start(t, { probe: '1h' })
  let fail = (_error: Error): void => {}
  primary.records.count = async () => await new Promise((resolve, reject) => { fail = reject })
  const late = backend.records.count()
  leave()
  t.strictSame(await backend.records.list({ limit: 1 }), { records: [] })
  fail(new Error('connection lost'))
  t.equal(await late, 0)
  t.equal(backend.activations, 1)
})

t.test('closing in the middle of a recovery waits for it, and ends the probing', async t => {
  const { primary, backend, leave } = start(t)
  leave()
  t.equal(await backend.records.count(), 0)
  await backend.ping()
  const asking = new EventEmitter()
  const asked = once(asking, 'asked')
  let fail = (_error: Error): void => {}
  primary.ping = async () => {
    await new Promise((resolve, reject) => {
      fail = reject
      asking.emit('asked')
    })
  }
  await asked
  const closed = backend.close()
  fail(new Error('still away'))
  await closed
  primary.ping = async () => { t.fail('nobody asks any more') }
  await setTimeout(20)
  t.equal(backend.state, 'fallback')
})

t.test('more than one replica is refused', async t => {
  const [one, two] = [new Reference(), new Reference()]
  for (const options of [undefined, {}, { replicas: 2 }]) {
    t.throws(
      () => withFallback(one, two, options as unknown as FallbackOptions),
      { name: 'InvalidOptionError', path: 'replicas' }
    )
  }
  t.throws(() => withFallback(one, two, { replicas: 1, probe: 'soon' }), { name: 'InvalidOptionError', path: 'probe' })
  const { primary, backend, leave, back, warnings } = start(t)
  await backend.presence.announce('mine', 60_000)
  await primary.presence.announce('other', 1_000)
  await backend.presence.announce('mine', 60_000)
  leave()
  for (let i = 0; i < 3; i++) await t.rejects(backend.records.count(), { message: 'connection lost' })
  t.equal(backend.state, 'primary')
  t.match(warnings, [{ code: 'HOLDFAST_NOT_ALONE' }])
  t.equal(warnings.length, 1)
  back()
  primary.now += 2_000
  await backend.presence.announce('mine', 60_000)
  leave()
  t.equal(await backend.records.count(), 0, 'it has been alone since')
})

t.test('subscriptions and presence are wherever it is', async t => {
  const { backend, fallback, leave, comeBack } = start(t)
  const heard: string[] = []
  const stop = await backend.bus.subscribe('channel', message => { heard.push(Buffer.from(message).toString()) })
  await backend.presence.announce('mine', 60_000)
  await backend.bus.publish('channel', bytes('one'))
  leave()
  t.equal(await backend.bus.publish('channel', bytes('two')), 1)
  const stopTwo = await backend.bus.subscribe('channel', message => {
    heard.push(`again ${Buffer.from(message).toString()}`)
  })
  t.strictSame(await backend.presence.list(), ['mine'])
  await backend.presence.announce('mine', 60_000)
  await comeBack()
  t.equal(await backend.bus.publish('channel', bytes('three')), 2)
  t.strictSame(heard, ['one', 'two', 'three', 'again three'])
  await stop()
  await stopTwo()
  t.equal(await backend.bus.publish('channel', bytes('four')), 0)
  t.equal(fallback.listeners.length, 0)
  await backend.presence.withdraw('mine')
  t.equal(await backend.presence.isPresent('mine'), false)
})

t.test('a listener that throws is no obstacle', async t => {
  const changes: string[] = []
  const warnings: Error[] = []
  const [primary, fallback] = [new Reference(), new Reference()]
  const backend = withFallback(primary, fallback, {
    replicas: 1,
    probe: '1h',
    onChange: serving => {
      changes.push(serving)
      throw new Error('thrown by a listener')
    },
    onWarning: warning => { warnings.push(warning) }
  })
  outage(primary)
  primary.ping = async () => { throw new Error('away') }
  t.equal(await backend.records.count(), 0)
  t.match([changes, warnings], [['fallback'], [{ message: 'thrown by a listener' }]])
  await backend.close()
})

t.test('without a listener for them, warnings are warnings of the process', async t => {
  const [primary, fallback] = [new Reference(), new Reference()]
  const backend = withFallback(primary, fallback, { replicas: 1, probe: 1 })
  const alive = setInterval(() => {}, 1000)
  t.teardown(async () => {
    clearInterval(alive)
    await backend.close()
  })
  t.equal(backend.durable, false)
  t.equal(backend.shared, true)
  const up = outage(primary)
  primary.ping = async () => { throw new Error('away') }
  await given(backend).catch(() => {})
  await given(backend)
  const warned = once(process, 'warning')
  primary.ping = async () => {}
  t.match(await warned, [{ message: 'connection lost' }], 'it answers, but cannot be written to')
  up()
})
