import { randomBytes } from 'node:crypto'
import t from 'tap'
import { isHoldfastError } from '@holdfast/core'
import { endOrphan } from '../dist/parked/remote-call.js'
import { Story } from '../dist/parked/story.js'
import { sealState } from '../dist/parked/call-state.js'
import { bindingOf } from '../dist/request-binding.js'
import { fleet, retryOf, sealing } from './fixtures/bridge-fleet.js'
import { Gate, eventually } from '@holdfast/waiting'
import { type Scripts, accepted, ask, text, v1 } from './fixtures/servers.js'
import { GONE, logOf, onlyKey, without } from './fixtures/stored-calls.js'
import { working } from './fixtures/working.js'

const answer = { who: accepted('me') }
const one: Scripts = { one: async scene => (await ask(scene, 'Who?', 'who')).content.value }

t.test('a story that is longer than the backend keeps', async (t) => {
  const { first, second } = await fleet(t, {
    replicas: 2,
    memory: { maxEntries: 2 },
    createServer: v1({
      long: async scene => {
        for (const key of ['a', 'b', 'c']) await ask(scene, key, key)
        return 'done'
      }
    })
  })
  let outcome = await first.do('long')
  const rounds = []
  for (const key of ['a', 'b', 'c']) {
    rounds.push([outcome, key] as const)
    outcome = await first.do('long', retryOf(outcome, { [key]: accepted(key) }))
  }
  t.equal(text(outcome), 'done')
  const [last, key] = rounds.at(-1) as [any, string]
  t.equal(text(await second.do('long', retryOf(last, { [key]: accepted('x') }))), 'done')
})

t.test('a story that cannot be opened', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
  const unreadable: unknown[] = []
  second.sessions.on('unreadable', ({ kind, error }) => { unreadable.push([kind, isHoldfastError(error)]) })
  const asked = await first.do('one')
  const { events } = first.sessions.vault.backend.partition('calls')
  const [stream] = await events.streams([await onlyKey(first)])
  await events.reseal({ ...stream as any, entries: [Buffer.from('junk')] })
  t.match(await second.do('one', retryOf(asked)), { error: { code: -32603, message: /it may have run/ } })
  t.same(unreadable, [['event', true]])
})

t.test('a call that another replica has ended', async (t) => {
  let aborted = 0
  const { first, second } = await fleet(t, {
    replicas: 2,
    createServer: v1({
      one: async scene => {
        scene.extra.signal.addEventListener('abort', () => { aborted++ })
        return await one.one?.(scene)
      }
    })
  })
  const asked = await first.do('one')
  await logOf(second).append(await onlyKey(first), [{ end: GONE }])
  t.match(await first.do('one', retryOf(asked, answer)), GONE)
  t.match(await second.do('one', retryOf(asked, answer)), GONE)
  t.ok(aborted <= 1)
  t.equal(first.bridge.parkedCount, 0)
})

t.test('a story that grew otherwise than was said', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
  const asked = await first.do('one')
  await logOf(second).append(await onlyKey(first), [{ withdrawn: 'nothing' }])
  t.equal(text(await first.do('one', retryOf(asked, answer))), 'me')
})

t.test('a story whose record has gone', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one) })
  const asked = await first.do('one')
  await first.sessions.vault.backend.partition('calls').records.remove(await onlyKey(first))
  t.ok('result' in await first.do('one', retryOf(asked, answer)), 'its handler still answers who waits')
  t.equal(first.bridge.parkedCount, 0)
  let aborted = false
  const slow = await fleet(t, {
    createServer: v1({
      slow: async scene => {
        await ask(scene, 'Who?', 'who')
        await new Promise<void>(resolve => scene.extra.signal.addEventListener('abort', () => resolve()))
        aborted = true
      }
    })
  })
  const again = await slow.first.do('slow')
  await slow.first.sessions.vault.backend.partition('calls').records.remove(await onlyKey(slow.first))
  t.match(await slow.first.do('slow', retryOf(again, answer)), GONE, 'one that takes its time cannot go on')
  await eventually(() => aborted)
  const story = new Story()
  await endOrphan({ append: async () => 'gone', refresh: async () => false } as never, '' as never, story)
  t.same(story.entries, [{ end: GONE }])
})

t.test('a record that goes while a retry waits elsewhere', async (t) => {
  const { scripts, reached } = working()
  const { first, second } = await fleet(t, { replicas: 2, heartbeat: 20, createServer: v1(scripts) })
  const asked = await first.do('asked')
  first.backend.losing = true
  const waiting = second.do('asked', retryOf(asked, answer))
  await reached.passed
  await first.sessions.vault.backend.partition('calls').records.remove(await onlyKey(first))
  t.match(await waiting, GONE)
})

t.test('records of calls that are over are removed', async (t) => {
  const { first } = await fleet(t, { parkTimeout: 40, createServer: v1(one) })
  const { records } = first.sessions.vault.backend.partition('calls')
  await first.do('one')
  const key = await onlyKey(first)
  first.backend.failing.add('records.claimExpired')
  await eventually(() => first.backend.claims > 0)
  first.backend.failing.clear()
  await eventually(() => first.backend.claims > 1)
  t.same(first.errors, [], 'an outage is no defect')
  t.equal(await records.read(key as never), undefined)
})

t.test('a story that cannot be sealed', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one), codec: without('event') })
  t.match(await first.do('one'), { status: 500 })
  t.match(first.errors, [{ message: 'no seal' }])
  t.equal(first.bridge.parkedCount, 0)
})

t.test('a state that cannot be sealed', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one), codec: without('call') })
  t.match(await first.do('one'), { status: 500 })
})

t.test('a story under a key that is away', async (t) => {
  const { codec, keyring } = sealing()
  const spec = (id: string): any => ({ id, key: randomBytes(32).toString('base64') })
  const { first } = await fleet(t, { codec, createServer: v1(one) })
  const old = spec('k2')
  keyring.replace([old])
  const asked = await first.do('one')
  keyring.replace([spec('k3'), old])
  t.equal(text(await first.do('one', retryOf(asked, answer))), 'me')
  keyring.replace([old])
  t.match(await first.do('one', retryOf(asked, answer)), { status: 503, error: { code: -32603 } })
})

t.test('a story that nobody goes on with, in the replica that its state names', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one) })
  const log = logOf(first)
  const located = log.locate('call', null)
  const params = { name: 'do', arguments: { what: 'one' } }
  const request = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params }
  const binding = bindingOf('', request)
  await log.create(located)
  await log.append(located.key, [{ ask: 'who', request: { method: 'roots/list' } }], { binding, serverInfo: {} })
  const requestState = await sealState(first.sessions.vault.codec, binding, {
    call: 'call', replica: first.name, position: 1, expires: Date.now() + 60_000
  })
  t.match(await first.do('one', { params: { requestState, inputResponses: answer } }), GONE)
})

t.test('a handler that works on a call that another replica has ended is cancelled', async (t) => {
  let aborted = 0
  const reached = new Gate()
  const { first, second } = await fleet(t, {
    replicas: 2,
    createServer: v1({
      stuck: async scene => {
        await ask(scene, 'Who?', 'who')
        scene.extra.signal.addEventListener('abort', () => { aborted++ })
        reached.open()
        await new Promise(() => {})
      }
    })
  })
  const asked = await first.do('stuck')
  await logOf(second).append(await onlyKey(first), [{ end: GONE }])
  t.match(await first.do('stuck', retryOf(asked, answer)), GONE)
  await reached.passed
  await eventually(() => aborted === 1)
  t.equal(first.bridge.liveCount, 0)
})

t.test('answers to a call that has ended, but could not store that', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({
      race: async scene => {
        await Promise.race([ask(scene, 'A?', 'a'), ask(scene, 'B?', 'b').catch(() => {})])
        return 'done'
      }
    })
  })
  const asked = await first.do('race')
  first.backend.failing.add('events.append')
  t.match(await first.do('race', retryOf(asked, { a: accepted('1') })), { status: 503 })
  t.match(await first.do('race', retryOf(asked, { b: accepted('2') })), { status: 503 })
  first.backend.failing.clear()
  t.equal(text(await first.do('race', retryOf(asked, { a: accepted('1'), b: accepted('2') }))), 'done')
})
