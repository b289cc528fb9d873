import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import {
  BoundCodec, Fleet, type SnapshotStore, Sweeper, mirrored, plain, switchable, withFallback
} from '../dist/index.js'
import { Follower } from '../dist/moving/follower.js'
import { SharedExclusiveLock } from '../dist/moving/shared-exclusive-lock.js'
import { within } from '../dist/within.js'
import { ADA } from './fixtures/manager.js'
import { hurry } from './fixtures/hurry.js'
import { start } from './fixtures/process.js'
import { Reference } from './fixtures/reference.js'

const never = async (): Promise<never> => await new Promise(() => {})
const FAILED = { code: 'HOLDFAST_SNAPSHOT_FAILED' }

t.test('a snapshot store that never answers holds nothing up', async t => {
  const places: Record<string, Partial<SnapshotStore>> = {
    'it takes nothing': { write: never },
    'it takes some and stops': {
      write: async stream => { for await (const chunk of stream) if (chunk.length > 0) await never() }
    },
    'it never says what is there': { read: never }
  }
  for (const [name, place] of Object.entries(places)) {
    const { sessions } = start()
    await sessions.create({ principal: ADA })
    const store: SnapshotStore = {
      read: () => undefined, write: async stream => { await stream.toArray() }, patience: 20, ...place
    }
    await t.rejects(sessions.exportSessionState(store), FAILED, name)
    store.write = async stream => { await stream.toArray() }
    store.read = () => undefined
    t.equal((await sessions.exportSessionState(store)).exported, 1, 'the next is not behind it')
  }
  const { sessions } = start()
  await t.rejects(sessions.restoreSessionState({ read: never, patience: 20 }), FAILED)
  await t.rejects(sessions.restoreSessionState({ read: () => new Readable({ read () {} }), patience: 20 }), FAILED)
})

t.test('a restore can be given up, before and while it waits', async t => {
  const { sessions } = start()
  const places = { 'it says nothing': never, 'it says nothing more': () => new Readable({ read () {} }) }
  for (const [name, read] of Object.entries(places)) {
    const givingUp = new AbortController()
    const restoring = t.rejects(sessions.restoreSessionState({ read }, { signal: givingUp.signal }), FAILED, name)
    await setImmediate()
    givingUp.abort()
    await restoring
    await t.rejects(
      sessions.restoreSessionState({ read }, { signal: givingUp.signal }), FAILED, `${name}, and it was given up before`
    )
  }
  const { signal } = new AbortController()
  t.match(await sessions.restoreSessionState({ read: () => undefined }, { signal }), { restored: 0 })
})

t.test('waiting ends with the work or with the time', async t => {
  t.equal(await within(Promise.resolve(), 60_000), true)
  await t.rejects(within(Promise.reject(new Error('failed')), 60_000), { message: 'failed' })
  let fail = (_error: Error): void => {}
  const waiting = within(new Promise((_resolve, reject) => { fail = reject }), 1)
  t.equal(await waiting, false)
  fail(new Error('late, and nobody hears'))
  await setImmediate()
})

t.test('waiting keeps a process alive, unless it happens in the background', async t => {
  const ends = async (ms: number, background: boolean): Promise<number> => {
    const program = `import { within } from '${new URL('../dist/index.js', import.meta.url).href}'
      process.exitCode = 7
      within(new Promise(() => {}), ${ms}, ${background}).then(() => { process.exitCode = 0 })`
    const [code] = await once(
      spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' }), 'exit'
    )
    return code
  }
  t.strictSame(await Promise.all([ends(100, false), ends(60_000, true)]), [0, 7])
})

t.test('a snapshot store may set how long an export waits for it', async t => {
  const { sessions } = start()
  await sessions.create({ principal: ADA })
  for (const patience of [0, -1, NaN, 'soon']) {
    const store = { read: () => undefined, write: never, patience: patience as number }
    await t.rejects(
      sessions.exportSessionState(store), { code: 'HOLDFAST_INVALID_OPTION', path: 'store.patience' }, String(patience)
    )
    await t.rejects(
      sessions.restoreSessionState(store), { code: 'HOLDFAST_INVALID_OPTION', path: 'store.patience' }, String(patience)
    )
  }
  const slow = async (stream: Readable): Promise<void> => {
    await stream.toArray()
    await new Promise(resolve => { setTimeout(resolve, 20) })
  }
  t.equal((await sessions.exportSessionState({ read: () => undefined, write: slow, patience: Infinity })).exported, 1)
})

t.test('what is taken or given piece by piece is progress, however long all of it takes', async t => {
  const { setTimeout } = globalThis
  const patience = 54_321
  let expire = (): void => {}
  let refreshed = 0
  t.intercept(globalThis, 'setTimeout', {
    value: (act: () => void, ms: number) => {
      const timer = setTimeout(act, ms)
      if (ms !== patience) return timer
      expire = act
      const refresh = timer.refresh.bind(timer)
      return Object.assign(timer, { refresh: () => { refreshed++; return refresh() } })
    }
  })
  const { sessions } = start()
  for (let i = 0; i < 4; i++) await sessions.create({ principal: ADA, data: { text: 'x'.repeat(100_000) } })
  const chunks: Buffer[] = []
  const store: SnapshotStore = {
    patience,
    read: () => Readable.from(Array(100).fill('nothing of ours\n')),
    write: async stream => { for await (const chunk of stream) chunks.push(chunk) }
  }
  const { bytes } = await sessions.exportSessionState(store)
  t.ok(Math.max(...chunks.map(({ length }) => length)) <= 65_536, 'in small pieces')
  t.ok(refreshed >= 100 + bytes / 65_536, `${refreshed} signs of life`)
  expire()
})

t.test('closing a mirrored backend tells what fails, and closes all the same', async t => {
  const [primary, replica] = [new Reference(), new Reference()]
  const backend = mirrored(primary, [replica])
  const closed: Reference[] = []
  for (const one of [primary, replica]) one.close = async () => { closed.push(one) }
  const stop = t.capture(Follower.prototype, 'stop', async () => { throw new Error('stuck') })
  await t.rejects(backend.close(), { message: 'stuck' })
  t.equal(stop().length, 1)
  t.strictSame(closed.length, 2)
})

t.test('closing a mirrored backend does not wait for a replica that never answers', async t => {
  hurry(t)
  const replica = new Reference()
  replica.records.create = never
  const backend = mirrored(new Reference(), [replica])
  await backend.records.create(
    { key: 'tag.key', owner: '', idle: 1_000, absolute: 1_000, body: Buffer.alloc(1) },
    { maxRecords: 9, maxPerOwner: 9 }
  )
  await backend.close()
  t.pass('it closed')
})

const UNAVAILABLE = { code: 'HOLDFAST_BACKEND_UNAVAILABLE' }

/** Answers nothing, and says when it was first asked. */
function silence () {
  let ask = (): void => {}
  const asked = new Promise<void>(resolve => { ask = resolve })
  return { asked, call: async () => { ask(); return await never() } }
}

t.test('an exclusive action gives up when a call does not end, and other calls go on', async t => {
  hurry(t)
  const lock = new SharedExclusiveLock()
  let end = (): void => {}
  const hanging = lock.shared(async () => await new Promise<void>(resolve => { end = resolve }))
  let alone = 0
  const acting = lock.exclusive(async () => { alone++ })
  const waiting = lock.shared(async () => 'served')
  await t.rejects(acting, UNAVAILABLE)
  t.equal(await waiting, 'served')
  t.equal(alone, 0)
  end()
  await hanging
  await lock.exclusive(async () => { alone++ })
  t.equal(alone, 1, 'later it works')
})

t.test('telling other replicas waits for no bus that never answers', async t => {
  hurry(t)
  const { bus } = new Reference()
  bus.publish = never
  const reported: unknown[] = []
  const fleet = new Fleet(bus, new BoundCodec(plain, 'mcp'), 'mcp', 'a', error => reported.push(error))
  await fleet.tell('gone', '', { keys: [], reason: 'expired' })
  await t.rejects(fleet.tellReplica('b', 'answer', 'tag.key', { message: {} }), UNAVAILABLE)
  t.strictSame(reported, [])
})

t.test('a sweep that is never answered does not hold up the stop', async t => {
  hurry(t)
  const { backend, sessions } = start()
  const { asked, call } = silence()
  backend.records.claimExpired = call
  const sweeper = new Sweeper(sessions, 1)
  sweeper.start()
  await asked
  await sweeper.stop()
  t.pass('it stopped')
})

t.test('closing does not wait for a recovery that is never answered', async t => {
  hurry(t)
  const primary = new Reference()
  const backend = withFallback(primary, new Reference(), { replicas: 1, probe: 1 })
  const { asked, call } = silence()
  const away = async (): Promise<never> => { throw new Error('connection lost') }
  primary.ping = away
  primary.records.read = away
  await backend.records.create(
    { key: 'tag.key', owner: '', idle: 60_000, absolute: 60_000, body: Buffer.alloc(1) },
    { maxRecords: 9, maxPerOwner: 9 }
  )
  await t.rejects(backend.records.read('tag.other'), UNAVAILABLE)
  t.equal(backend.state, 'fallback')
  await backend.records.remove('tag.other')
  primary.records.remove = call
  primary.ping = async () => {}
  await asked
  await backend.close()
  t.pass('it closed')
})

t.test('closing does not wait for a switch whose target never answers', async t => {
  hurry(t)
  const target = new Reference()
  const backend = switchable(new Reference())
  await backend.records.create(
    { key: 'tag.key', owner: '', idle: 60_000, absolute: 60_000, body: Buffer.alloc(1) },
    { maxRecords: 9, maxPerOwner: 9 }
  )
  const { asked, call } = silence()
  target.records.create = call
  void backend.switchTo(target)
  await asked
  await backend.close()
  t.pass('it closed')
})
