import { Readable } from 'node:stream'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import {
  type Codec, type ExportReport, HoldfastError, Sessions, type SnapshotStore, file, plain, unsealed
} from '../dist/index.js'
import { SnapshotKeeper } from '../dist/snapshot/keeper.js'
import { ADA, BOB, manager, outage } from './fixtures/manager.js'
import { held, start } from './fixtures/process.js'
import { Reference } from './fixtures/reference.js'
import { sealing } from './fixtures/sealing.js'
import { Shelf } from './fixtures/shelf.js'

const NOTHING = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }

/** Sessions of every kind, made some time ago, and their streams. */
async function furnish ({ backend, sessions }: ReturnType<typeof start>) {
  backend.now -= 600_000
  const ada = await sessions.create({
    principal: ADA,
    client: { name: 'client', version: '1' },
    handshake: { initialize: { capabilities: { roots: {} } }, protocolVersion: '2025-11-25', initialized: true },
    context: { apiKey: 'a key' },
    data: { n: 1 }
  })
  const nobody = await sessions.create()
  const bob = await sessions.create({ principal: BOB, data: JSON.parse('{"__proto__":{"x":1},"constructor":2}') })
  backend.now += 120_000
  await ada.update(data => { data.n = 2 })
  await ada.change(state => ({ ...state, replay: { logLevel: 'debug', subscriptions: ['test://one'] } }))
  backend.now += 60_000
  await sessions.touch(nobody)
  const entry = (n: number): Uint8Array => Buffer.from(`entry ${n}`)
  await backend.events.append({ key: ada.key, name: 'open' }, [entry(1), entry(2)], { head: Buffer.from('head') })
  await backend.events.delivered({ key: ada.key, name: 'open' }, 1)
  await backend.events.append({ key: ada.key, name: 'ended' }, [entry(1)], { end: true })
  await backend.events.append({ key: bob.key, name: 'trimmed' }, Array.from({ length: 20 }, (_, i) => entry(i)))
  await backend.events.append({ key: bob.key, name: 'empty' }, [])
  backend.now = Date.now()
  return { ada, nobody, bob }
}

t.test('sessions and their streams come back in a new process exactly as they were', async (t) => {
  const snapshot = new Shelf()
  const before = start({ snapshot })
  const { ada, nobody, bob } = await furnish(before)
  const report = await before.sessions.exportSessionState()
  t.strictSame(report, { exported: 3, bytes: snapshot.bytes?.length })
  const after = start({ snapshot, ttl: { idle: '1s', absolute: '2s' } })
  t.strictSame(await after.sessions.restoreSessionState(), { ...NOTHING, restored: 3 })
  t.strictSame(held(after.backend), held(before.backend), 'other times to live change nothing')
  t.equal(after.backend.logs.get(bob.key)?.get('trimmed')?.trimmed, 8)
  t.strictSame((await after.sessions.open(ada.id, ADA))?.state, ada.state)
  t.strictSame((await after.sessions.open(nobody.id, null))?.state, nobody.state)
  t.ok(Object.hasOwn((await after.sessions.open(bob.id, BOB))?.data ?? {}, '__proto__'))
  t.equal(await after.sessions.open(ada.id, BOB), undefined)
})

t.test('restoring again changes nothing', async (t) => {
  const snapshot = new Shelf()
  const before = start({ snapshot })
  const { ada } = await furnish(before)
  await before.sessions.exportSessionState()
  await ada.update(data => { data.n = 3 })
  await before.backend.events.append({ key: ada.key, name: 'open' }, [Buffer.from('more')])
  const now = held(before.backend)
  t.strictSame(await before.sessions.restoreSessionState(), { ...NOTHING, duplicate: 3 })
  t.strictSame(held(before.backend), now)
})

t.test('a session that was used to its limits since is expired', async (t) => {
  const snapshot = new Shelf()
  const { backend, sessions } = start({ snapshot, ttl: { idle: '5s', absolute: '1h' } })
  backend.now -= 6_000
  await sessions.create()
  await sessions.exportSessionState()
  t.strictSame(await start({ snapshot }).sessions.restoreSessionState(), { ...NOTHING, expired: 1 })
})

t.test('the longest time to live there is comes back', async (t) => {
  const snapshot = new Shelf()
  const longest = Number.MAX_SAFE_INTEGER
  const { sessions } = start({ snapshot, ttl: { idle: longest, absolute: longest } })
  const { id } = await sessions.create()
  await sessions.exportSessionState()
  const after = start({ snapshot })
  t.strictSame(await after.sessions.restoreSessionState(), { ...NOTHING, restored: 1 })
  t.ok(await after.sessions.open(id, null))
})

type Manager = ReturnType<typeof start>

const endings: Record<string, (manager: Manager, id: string) => Promise<unknown>> = {
  'is terminated': async ({ sessions }, id) => await sessions.terminate({ id, principal: ADA }),
  'is terminated with all of its owner': async ({ sessions }) => await sessions.terminateAll({ principal: ADA }),
  'is cleared away': async ({ sessions }) => await sessions.clear(),
  'is evicted': async ({ sessions, backend }) => {
    for (const record of backend.stored.values()) record.usedAt -= 120_000
    await sessions.create({ principal: ADA })
  }
}

for (const [name, end] of Object.entries(endings)) {
  t.test(`a session that ${name} after the snapshot does not come back`, async (t) => {
    const snapshot = file(join(t.testdir(), 'sessions.holdfast'))
    const before = start({ snapshot, limits: { maxPerOwner: 1, evict: 'idle' } })
    const { id } = await before.sessions.create({ principal: ADA })
    await before.sessions.exportSessionState()
    await end(before, id)
    t.strictSame(await before.sessions.restoreSessionState(), { ...NOTHING, duplicate: 1 }, 'in the same process')
    const after = start({ snapshot: file(join(t.testdirName, 'sessions.holdfast')) })
    t.strictSame(await after.sessions.restoreSessionState(), { ...NOTHING, duplicate: 1 }, 'in a new one')
    t.equal(await after.sessions.open(id, ADA), undefined)
    await after.sessions.exportSessionState()
    t.strictSame(await start({ snapshot }).sessions.restoreSessionState(), NOTHING, 'nor is it exported again')
  })
}

t.test('what began after the snapshot is untouched by restoring it', async (t) => {
  const snapshot = new Shelf()
  const { sessions } = start({ snapshot })
  await sessions.create()
  await sessions.exportSessionState()
  const later = await sessions.create({ principal: ADA, data: { n: 1 } })
  t.strictSame(await sessions.restoreSessionState(), { ...NOTHING, duplicate: 1 })
  t.match(await sessions.open(later.id, ADA), { version: 1, data: { n: 1 } })
})

t.test('an export while sessions begin, change and end holds each one whole, and none that ended', async (t) => {
  const path = join(t.testdir(), 'sessions.holdfast')
  const { sessions } = start({ snapshot: file(path) })
  const made = await Promise.all(
    Array.from({ length: 450 }, async (_, n) => await sessions.create({ data: { n, changes: 0 } }))
  )
  const ended: string[] = []
  const work: Array<Promise<unknown>> = []
  await sessions.exportSessionState(undefined, {
    onProgress: ({ exported }) => {
      for (const session of made.slice(exported - 50, exported + 50)) {
        work.push(session.update(data => { data.changes++ }).catch(() => {}))
      }
      for (const { id } of [...made.slice(exported - 5, exported), ...made.slice(exported + 60, exported + 65)]) {
        ended.push(id)
        work.push(sessions.terminate({ id, principal: null }))
      }
      work.push(sessions.create())
    }
  })
  await Promise.all(work)
  const after = start({ snapshot: file(path) })
  const { restored, invalid } = await after.sessions.restoreSessionState()
  t.strictSame(invalid, [])
  t.ok(restored >= 450 - ended.length, `${restored} came back`)
  for (const { id } of made) {
    if (ended.includes(id)) t.equal(await after.sessions.open(id, null), undefined)
    else t.ok(await after.sessions.open(id, null))
  }
})

t.test('exports and restores take turns', async (t) => {
  const snapshot = new Shelf()
  const { sessions } = start({ snapshot })
  for (let i = 0; i < 120; i++) await sessions.create()
  let [running, most] = [0, 0]
  const { write } = snapshot
  snapshot.write = async stream => {
    most = Math.max(most, ++running)
    await write.call(snapshot, stream)
    running--
  }
  const reports = await Promise.all([
    sessions.exportSessionState(),
    sessions.exportSessionState(),
    sessions.restoreSessionState(),
    sessions.exportSessionState()
  ])
  t.equal(most, 1)
  t.match(reports, [{ exported: 120 }, { exported: 120 }, { duplicate: 120, invalid: [] }, { exported: 120 }])
})

t.test('a filter and a limit say what is exported, and progress is told', async (t) => {
  const { sessions } = start()
  for (let i = 0; i < 250; i++) await sessions.create({ principal: i % 2 === 0 ? ADA : BOB, data: { i } })
  const told: ExportReport[] = []
  const shelf = new Shelf()
  const filter = ({ state }: { state?: { principal: unknown } }): boolean =>
    (state?.principal as typeof ADA).subject === 'ada'
  t.match(
    await sessions.exportSessionState(shelf, { filter, limit: 80, onProgress: report => told.push(report) }),
    { exported: 80 }
  )
  t.strictSame(told.map(({ exported }) => exported), [50, 80])
  const after = start()
  t.strictSame(await after.sessions.restoreSessionState(shelf), { ...NOTHING, restored: 80 })
  t.equal(await after.sessions.count({ principal: BOB }), 0)
  t.match(await sessions.exportSessionState(shelf, { limit: 0 }), { exported: 0 })
  t.equal(shelf.lines.length, 2)
})

t.test('a filter and a limit say what is restored, and progress is told', async (t) => {
  const { sessions } = start()
  for (let i = 0; i < 600; i++) await sessions.create({ principal: i % 2 === 0 ? ADA : BOB })
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  const told: number[] = []
  const after = start()
  const options = {
    filter: ({ state }: { state?: { principal: unknown } }): boolean =>
      (state?.principal as typeof ADA).subject === 'ada',
    limit: 200
  }
  t.strictSame(
    await after.sessions.restoreSessionState(shelf, { ...options, onProgress: ({ restored }) => told.push(restored) }),
    { ...NOTHING, restored: 200, overLimit: 100 }
  )
  t.strictSame(told, [128, 200, 200])
  t.strictSame(await after.sessions.restoreSessionState(shelf, options), { ...NOTHING, duplicate: 200, overLimit: 100 })
  t.equal(await after.sessions.count({ principal: BOB }), 0)
})

t.test('where there is no room, sessions are over the limit', async (t) => {
  const { sessions } = start()
  for (let i = 0; i < 3; i++) await sessions.create({ principal: ADA })
  await sessions.create()
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  t.strictSame(await start({ limits: { maxPerOwner: 2 } }).sessions.restoreSessionState(shelf), {
    ...NOTHING, restored: 3, overLimit: 1
  })
  t.strictSame(await start({ limits: { maxSessions: 1 } }).sessions.restoreSessionState(shelf), {
    ...NOTHING, restored: 1, overLimit: 3
  })
})

t.test('what was written and what came back is told as events', async (t) => {
  const snapshot = new Shelf()
  const { sessions } = start({ snapshot })
  const heard: unknown[] = []
  for (const event of ['snapshotExported', 'snapshotRestored'] as const) {
    sessions.on(event, report => { heard.push(report) })
  }
  const reports = [await sessions.exportSessionState(), await sessions.restoreSessionState()]
  t.strictSame(heard, reports)
})

t.test('nothing is written readable unless somebody says so', async (t) => {
  await t.rejects(
    manager().sessions.exportSessionState(new Shelf()), { code: 'HOLDFAST_INVALID_OPTION', path: 'codec' }
  )
  const durable = Object.assign(new Reference(), { durable: true })
  const own: Codec = { ...plain, seal: plaintext => plaintext }
  for (const codec of [undefined, plain, own]) {
    t.throws(
      () => new Sessions({ backend: durable, ...(codec && { codec }) }),
      { code: 'HOLDFAST_INVALID_OPTION', path: 'codec' }
    )
    await t.rejects(
      new Sessions({ backend: new Reference(), ...(codec && { codec }) }).exportSessionState(new Shelf()),
      { code: 'HOLDFAST_INVALID_OPTION', path: 'codec' }
    )
  }
  for (const codec of [unsealed, { ...unsealed }]) t.ok(new Sessions({ backend: durable, codec }))
  const { sessions } = start({ codec: unsealed })
  const { id } = await sessions.create({ data: { n: 1 } })
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  const after = start({ codec: unsealed })
  await after.sessions.restoreSessionState(shelf)
  t.strictSame((await after.sessions.open(id, null))?.data, { n: 1 })
})

t.test('without a place there is nothing to do', async (t) => {
  for (const store of [undefined, null, {}, { write () {} }]) {
    await t.rejects(
      start().sessions.exportSessionState(store as never), { code: 'HOLDFAST_INVALID_OPTION', path: 'store' }
    )
    await t.rejects(
      start().sessions.restoreSessionState(store as never), { code: 'HOLDFAST_INVALID_OPTION', path: 'store' }
    )
  }
  await t.rejects(
    start().sessions.exportSessionState({ read () {} } as never), { code: 'HOLDFAST_INVALID_OPTION', path: 'store' }
  )
})

t.test('a place that is slow holds up nobody but itself', async (t) => {
  const { sessions } = start()
  await sessions.create()
  let order = ''
  let taken!: () => void
  const slow = new Shelf()
  const { write } = slow
  slow.write = async stream => {
    await new Promise<void>(resolve => { taken = resolve })
    await write.call(slow, stream)
  }
  const waiting = [sessions.exportSessionState(slow), sessions.restoreSessionState(slow)].map(async work => {
    await work
    order += 'slow '
  })
  await sessions.exportSessionState(new Shelf())
  order += 'quick '
  taken()
  await Promise.all(waiting)
  t.equal(order, 'quick slow slow ')
  t.equal(slow.lines.length, 3, 'what came after an export of the same place found it complete')
})

t.test('a place may deliver bytes or text in pieces of any size', async (t) => {
  const shelf = new Shelf()
  const { sessions } = start()
  for (let i = 0; i < 5; i++) await sessions.create({ data: { text: 'ü€😀' } })
  await sessions.exportSessionState(shelf)
  const bytes = shelf.bytes as Buffer
  const deliveries: Array<() => AsyncIterable<Uint8Array | string>> = [
    async function * () { for (const byte of bytes) yield Uint8Array.of(byte) },
    async function * () { yield bytes.toString() },
    async function * () { for (const character of bytes.toString()) yield character },
    () => Readable.from([bytes.subarray(0, 700), bytes.subarray(700)])
  ]
  for (const read of deliveries) {
    t.strictSame(
      await start().sessions.restoreSessionState({ write: async () => {}, read }), { ...NOTHING, restored: 5 }
    )
  }
})

t.test('where nothing was written there is nothing to restore', async (t) => {
  for (const nothing of [undefined, null]) {
    const snapshot = { write: async () => {}, read: () => nothing, mayRevive: true }
    const { sessions } = start({ snapshot })
    t.strictSame(await sessions.restoreSessionState(), NOTHING)
    t.equal(sessions.incomplete, false)
  }
})

t.test('large sessions are handed over one by one', async (t) => {
  const { sessions } = start()
  for (let i = 0; i < 5; i++) await sessions.create({ data: { text: 'x'.repeat(200_000) } })
  const shelf = new Shelf()
  const { write } = shelf
  const sizes: number[] = []
  shelf.write = async stream => {
    stream.on('data', chunk => { sizes.push(chunk.length) })
    await write.call(shelf, stream)
  }
  await sessions.exportSessionState(shelf)
  t.ok(Math.max(...sizes) < 270_000, sizes.join())
  t.strictSame(await start().sessions.restoreSessionState(shelf), { ...NOTHING, restored: 5 })
})

t.test('an outage of the backend is one, whatever the snapshot', async (t) => {
  const snapshot = new Shelf()
  const { backend, sessions } = start({ snapshot })
  await sessions.create()
  await sessions.exportSessionState()
  const whole = snapshot.bytes
  const restore = outage(backend)
  await t.rejects(sessions.exportSessionState(), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  await t.rejects(sessions.restoreSessionState(), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  t.equal(snapshot.bytes, whole)
  t.equal(sessions.incomplete, true)
  restore()
  t.match(await sessions.restoreSessionState(), { duplicate: 1 })
  t.equal(sessions.incomplete, false)
})

for (const amount of [4000, 50]) {
  t.test(`when a restore of ${amount} sessions is told to fail, nothing of it is under way any more`, async (t) => {
    const { sessions } = start()
    for (let i = 0; i < amount; i++) await sessions.create()
    const shelf = new Shelf()
    await sessions.exportSessionState(shelf)
    const target = start()
    const { createMany } = target.backend.records
    let asked = 0
    let pending = 0
    target.backend.records.createMany = async (...args) => {
      const fails = asked++ === (amount === 50 ? 0 : 1)
      pending++
      for (let i = 0; i < (fails ? 5 : 50); i++) await setImmediate()
      pending--
      if (fails) throw new Error('connection lost')
      return await createMany.apply(target.backend.records, args)
    }
    await t.rejects(target.sessions.restoreSessionState(shelf), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
    t.equal(pending, 0)
    if (amount === 50) return t.equal(asked, 1, 'one group')
    t.ok(asked > 2, 'several groups were under way')
    t.ok(asked < 10, 'and the rest was not begun')
  })
}

t.test('what was read is stored before anybody is told that the rest cannot be read', async (t) => {
  const { sessions } = start()
  for (let i = 0; i < 250; i++) await sessions.create()
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  const target = start()
  const { create } = target.backend.records
  let pending = 0
  target.backend.records.create = async (...args) => {
    pending++
    for (let i = 0; i < 20; i++) await setImmediate()
    pending--
    return await create.apply(target.backend.records, args)
  }
  const read = async function * (): AsyncGenerator<Uint8Array> {
    yield shelf.bytes as Uint8Array
    throw new Error('no route to the store')
  }
  await t.rejects(target.sessions.restoreSessionState({ read }), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
  t.equal(pending, 0)
})

t.test('an end that cannot be noted is an error, and the session is gone all the same', async (t) => {
  const snapshot = Object.assign(new Shelf(), { forget: async () => { throw new Error('disk full') } })
  const { sessions, backend } = start({ snapshot })
  const messages: unknown[] = []
  backend.listeners.push({ channel: 'mcp:fleet', listener: message => { messages.push(message) } })
  const { id } = await sessions.create()
  await t.rejects(
    sessions.terminate({ id, principal: null }), { code: 'HOLDFAST_SNAPSHOT_FAILED', cause: { message: 'disk full' } }
  )
  t.equal(await sessions.open(id, null), undefined)
  t.equal(messages.length, 1, 'other replicas know')
})

for (const [again, ask] of Object.entries({
  'the same request': ({ sessions }: ReturnType<typeof start>, id: string) =>
    sessions.terminate({ id, principal: ADA }),
  'the end of all of its owner': ({ sessions }: ReturnType<typeof start>) => sessions.terminateAll({ principal: ADA }),
  'the end of another one': async ({ sessions }: ReturnType<typeof start>) =>
    await sessions.terminate({ id: (await sessions.create()).id, principal: null })
})) {
  t.test(`an end that could not be noted is noted with the next: ${again}`, async (t) => {
    const shelf = new Shelf()
    let full = true
    const forget = async (keys: readonly string[]): Promise<void> => {
      if (full) throw new Error('disk full')
      await shelf.forget(keys)
    }
    const snapshot = {
      write: shelf.write.bind(shelf), read: shelf.read.bind(shelf), forgotten: shelf.forgotten.bind(shelf), forget
    }
    const before = start({ snapshot })
    const { id } = await before.sessions.create({ principal: ADA })
    await before.sessions.exportSessionState()
    for (let i = 0; i < 2; i++) {
      await t.rejects(
        before.sessions.terminate({ id, principal: ADA }), { code: 'HOLDFAST_SNAPSHOT_FAILED' },
        'as long as it is not noted'
      )
    }
    full = false
    await ask(before, id)
    const after = start({ snapshot })
    t.strictSame(await after.sessions.restoreSessionState(), { ...NOTHING, duplicate: 1 })
    t.equal(await after.sessions.open(id, ADA), undefined)
  })
}

function keeperOf (own: SnapshotStore): SnapshotKeeper {
  const { sessions: { vault } } = start()
  return new SnapshotKeeper(
    { vault, caps: { maxRecords: 1, maxPerOwner: 1 } }, own, false, {
      onRestored: () => {}, onRestoreFailed: () => {}, onMerged: () => {}, onEndedElsewhere: async () => {}
    }
  )
}

t.test('of ends that cannot be noted a hundred thousand are kept, the newest', async (t) => {
  const noted: Array<readonly string[]> = []
  let full = true
  const own = Object.assign(new Shelf(), {
    forget: async (keys: readonly string[]) => {
      noted.push(keys)
      if (full) throw new Error('disk full')
    }
  })
  const keeper = keeperOf(own)
  const keys = Array.from({ length: 100_001 }, (_, i) => `tag.${i}`)
  await t.rejects(keeper.forget(keys), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
  full = false
  await keeper.forget(['tag.last'])
  t.strictSame(noted.map(({ length }) => length), [100_000, 100_000])
  t.strictSame([noted[0]?.[0], noted[1]?.[0], noted[1]?.at(-1)], ['tag.1', 'tag.2', 'tag.last'])
})

t.test('who asks for what is being noted waits for it, and it is noted once', async (t) => {
  const noted: Array<readonly string[]> = []
  let release = (): void => {}
  const own = Object.assign(new Shelf(), {
    forget: async (keys: readonly string[]) => {
      noted.push(keys)
      await new Promise<void>(resolve => { release = resolve })
    }
  })
  const keeper = keeperOf(own)
  const first = keeper.forget(['tag.key'])
  await setImmediate()
  const again = keeper.forget(['tag.key'])
  release()
  await Promise.all([first, again])
  t.strictSame(noted, [['tag.key']])
})

t.test('where nothing ended, nothing is noted', async (t) => {
  const snapshot = Object.assign(new Shelf(), { forget: async () => { throw new Error('disk full') } })
  const { sessions } = start({ snapshot })
  t.equal(await sessions.terminate({ id: 'unknown', principal: null }), false)
  t.equal(await sessions.terminateAll({ principal: ADA }), 0)
})

t.test('the streams of a session that does not come back do not either, however many there are', async (t) => {
  const snapshot = new Shelf()
  const { backend, sessions } = start({ snapshot })
  const { id, key } = await sessions.create()
  for (const name of ['a', 'b', 'c', 'd']) await backend.events.append({ key, name }, [Buffer.alloc(3 * 2 ** 20)])
  await sessions.exportSessionState()
  await sessions.terminate({ id, principal: null })
  const after = start({ snapshot })
  t.strictSame(await after.sessions.restoreSessionState(), { ...NOTHING, duplicate: 1 })
  t.strictSame(await after.backend.events.streams([key]), [])
})

t.test('a session whose own key is not here comes back sealed, although there is a schema', async (t) => {
  const snapshot = new Shelf()
  const before = start({ codec: sealing('k1') })
  const { id } = await before.sessions.create()
  await start({ backend: before.backend, codec: sealing('k2', 'k1') }).sessions.exportSessionState(snapshot)
  const { sessions } = start({ codec: sealing('k2'), isContext: () => false })
  t.strictSame(await sessions.restoreSessionState(snapshot), { ...NOTHING, restored: 1 })
  await t.rejects(sessions.open(id, null), { code: 'HOLDFAST_KEY_UNAVAILABLE' })
})

t.test('where the backend is full, the rest comes back, ' +
  'the report says what did not, and a copy is kept', async (t) => {
  const snapshot = new Shelf()
  const before = start({ snapshot })
  const { ada, nobody, bob } = await furnish(before)
  await before.sessions.exportSessionState()
  const { backend, sessions } = start({ snapshot })
  const { create } = backend.records
  const { importStream } = backend.events
  const full = async (): Promise<never> => { throw new HoldfastError('HOLDFAST_BACKEND_FULL') }
  backend.records.create = async (record, limits) => record.key === nobody.key ? 'full' : await create(record, limits)
  backend.events.importStream = async stream => stream.name === 'open' ? await full() : await importStream(stream)
  const { invalid, ...counts } = await sessions.restoreSessionState()
  t.match(counts, { restored: 2, overLimit: 1 })
  t.match(invalid, [{ line: Number, code: 'NO_ROOM', reason: 'there is no room for one of its streams' }])
  t.ok(snapshot.lines[invalid[0]!.line - 1]?.includes(ada.key))
  t.strictSame(
    (await backend.events.streams([ada.key, bob.key])).map(({ name }) => name).sort(), ['empty', 'ended', 'trimmed']
  )
  t.equal(sessions.incomplete, false)
  t.equal(snapshot.kept.length, 1)
})

t.test('of a call that failed after it had stored some, those get their streams, too', async (t) => {
  const snapshot = new Shelf()
  const before = start({ snapshot })
  await furnish(before)
  await before.sessions.exportSessionState()
  const { backend, sessions } = start({ snapshot })
  const { createMany } = backend.records
  backend.records.createMany = async (...args) => {
    await createMany(...args)
    backend.records.createMany = createMany
    throw new Error('the connection was cut before the answer')
  }
  await t.rejects(sessions.restoreSessionState(), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  t.strictSame(held(backend), held(before.backend))
  t.match(await sessions.restoreSessionState(), { restored: 0, duplicate: 3, invalid: [] })
  t.equal(sessions.incomplete, false)
})

t.test('an outage while streams are restored is one', async (t) => {
  const snapshot = new Shelf()
  const before = start({ snapshot })
  await furnish(before)
  await before.sessions.exportSessionState()
  const { backend, sessions } = start({ snapshot })
  backend.events.importStream = async () => { throw new Error('connection lost') }
  await t.rejects(sessions.restoreSessionState(), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  t.equal(sessions.incomplete, true)
})

t.test('a copy is kept of what is over a limit', async (t) => {
  const snapshot = new Shelf()
  const before = start({ snapshot })
  await furnish(before)
  await before.sessions.exportSessionState()
  t.match(
    await start({ snapshot, limits: { maxSessions: 1 } }).sessions.restoreSessionState(), { restored: 1, overLimit: 2 }
  )
  t.equal(snapshot.kept.length, 1)
})

t.test('with another key of the same ring nothing changes', async (t) => {
  const shelf = new Shelf()
  const { sessions } = start()
  const { id } = await sessions.create()
  await sessions.exportSessionState(shelf)
  const after = start({ codec: sealing('k2', 'k1') })
  t.match(await after.sessions.restoreSessionState(shelf), { restored: 1, invalid: [] })
  t.ok(await after.sessions.open(id, null))
})

t.test('without a schema, sealed sessions stay closed until they are used', async (t) => {
  const shelf = new Shelf()
  const from = start({ codec: sealing('k1') })
  const good = await from.sessions.create({ data: { n: 1 } })
  const bad = await from.sessions.create()
  const record = from.backend.stored.get(bad.key)
  if (record !== undefined) record.body = new Uint8Array(100)
  await from.sessions.exportSessionState(shelf)
  const { sessions } = start({ codec: sealing('k1') })
  t.match(await sessions.restoreSessionState(shelf), { restored: 2, invalid: [] })
  t.strictSame((await sessions.open(good.id, null))?.data, { n: 1 })
  await t.rejects(sessions.open(bad.id, null), { code: 'HOLDFAST_INVALID_STATE' })
})
