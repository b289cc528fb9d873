import t from 'tap'
import { type BoundCodec, type SessionsOptions, type StreamRef, eventPlace, plain } from '../dist/index.js'
import { ADA, manager, outage } from './fixtures/manager.js'
import { start } from './fixtures/process.js'
import type { Reference } from './fixtures/reference.js'
import { sealing } from './fixtures/sealing.js'
import { Shelf } from './fixtures/shelf.js'

const [K1, K2] = [sealing('k1'), sealing('k2', 'k1')]

/** Another process on the same backend, with other keys. */
function beside (
  backend: Reference, codec = sealing('k2', 'k1'), options: Partial<Omit<SessionsOptions, 'backend'>> = {}
) {
  return manager({ backend, codec, ...options })
}

async function append (backend: Reference, codec: BoundCodec, stream: StreamRef, ...texts: string[]): Promise<void> {
  const seal = async (text: string): Promise<Uint8Array> =>
    await codec.seal('event', eventPlace(stream), Buffer.from(text))
  await backend.events.append(stream, await Promise.all(texts.map(seal)), { head: await seal('head') })
}

async function read (backend: Reference, codec: BoundCodec, stream: StreamRef): Promise<string[]> {
  const page = await backend.events.readAfter(stream, 0, 100)
  const open = async (sealed: Uint8Array): Promise<string> =>
    Buffer.from(await codec.open('event', eventPlace(stream), sealed)).toString()
  return await Promise.all([page?.head ?? Buffer.alloc(0), ...page?.entries.map(({ body }) => body) ?? []].map(open))
}

t.test('records and streams are sealed anew, and nothing else about them changes', async (t) => {
  const { backend, sessions } = start({ codec: K1 })
  const made = [
    await sessions.create({ data: { n: 1 } }), await sessions.create({ principal: ADA }), await sessions.create()
  ]
  await made[1]?.update(data => { data.n = 2 })
  const stream = { key: made[0]?.key as string, name: 's' }
  await append(backend, sessions.vault.codec, stream, 'one', 'two')
  await backend.events.append({ key: stream.key, name: 'bare' }, [])
  await backend.events.append({ key: stream.key, name: 'headless' }, [
    await sessions.vault.codec.seal('event', eventPlace({ key: stream.key, name: 'headless' }), Buffer.from('three'))
  ])
  const facts = (): unknown => Array.from(backend.stored.values(), ({ body, ...facts }) => facts)
  const before = facts()
  backend.now += 60_000
  const later = beside(backend)
  await later.sessions.create()
  const told: unknown[] = []
  t.strictSame(await later.sessions.rotate({ onProgress: report => told.push(report) }), {
    resealed: 3, current: 1, unreadable: 0
  })
  t.strictSame(told, [{ resealed: 3, current: 1, unreadable: 0 }])
  t.strictSame(later.heard.at(-1), { event: 'rotated', resealed: 3, current: 1, unreadable: 0, active: 'k2' })
  t.strictSame((facts() as unknown[]).slice(0, 3), before)
  const without = beside(backend, sealing('k2'))
  t.strictSame((await without.sessions.open(made[0]?.id as string, null))?.data, { n: 1 })
  t.strictSame(await read(backend, without.sessions.vault.codec, stream), ['head', 'one', 'two'])
  t.equal(backend.logs.get(stream.key)?.get('headless')?.head.length, 0)
  t.strictSame(await later.sessions.rotate(), { resealed: 0, current: 4, unreadable: 0 })
})

t.test('a session that only its stream needs the old key for is rotated too', async (t) => {
  const { backend, sessions } = start({ codec: K1 })
  const { id, key } = await sessions.create()
  await append(backend, sessions.vault.codec, { key, name: 's' }, 'one')
  const later = beside(backend)
  await (await later.sessions.open(id, null))?.update(data => { data.n = 1 })
  t.strictSame(await later.sessions.rotate(), { resealed: 1, current: 0, unreadable: 0 })
})

t.test('under updates nothing is lost and nothing waits', async (t) => {
  const { backend, sessions } = start({ codec: K1 })
  const ids = await Promise.all(Array.from({ length: 250 }, async () => (await sessions.create({ data: { n: 0 } })).id))
  const later = beside(backend)
  const rotation = { done: false }
  const change = async (id: string): Promise<number> => {
    const session = await later.sessions.open(id, null)
    let changes = 0
    while (!rotation.done || changes < 3) {
      await session?.update(data => { data.n++ })
      changes++
      await new Promise(setImmediate)
    }
    return changes
  }
  const work = Promise.all(ids.slice(0, 50).map(change))
  const report = await later.sessions.rotate()
  rotation.done = true
  const changes = await work
  t.equal(report.unreadable, 0)
  t.equal(report.resealed + report.current, 250)
  const without = beside(backend, sealing('k2'))
  for (const [index, id] of ids.entries()) {
    t.strictSame((await without.sessions.open(id, null))?.data, { n: changes[index] ?? 0 })
  }
})

t.test('a stream that goes on meanwhile is sealed anew with what was added', async (t) => {
  const { backend, sessions } = start({ codec: K1 })
  const { key } = await sessions.create()
  const stream = { key, name: 's' }
  await append(backend, sessions.vault.codec, stream, 'one')
  const later = beside(backend)
  const { reseal } = backend.events
  let times = 0
  backend.events.reseal = async given => {
    if (times++ < 2) await append(backend, sessions.vault.codec, stream, `meanwhile ${times}`)
    return await reseal(given)
  }
  t.match(await later.sessions.rotate(), { resealed: 1 })
  t.equal(times, 3)
  t.strictSame(await read(backend, beside(backend, sealing('k2')).sessions.vault.codec, stream), [
    'head', 'one', 'meanwhile 1', 'meanwhile 2'
  ])
})

t.test('a session that ends meanwhile is left in peace', async (t) => {
  const { backend, sessions } = start({ codec: K1 })
  const { id, key } = await sessions.create()
  await append(backend, sessions.vault.codec, { key, name: 's' }, 'one')
  const later = beside(backend)
  const { streams } = backend.events
  backend.events.streams = async keys => {
    const found = await streams(keys)
    await sessions.terminate({ id, principal: null })
    return found
  }
  t.strictSame(await later.sessions.rotate(), { resealed: 0, current: 1, unreadable: 0 })
  t.equal(backend.stored.size, 0)
})

t.test('what cannot be opened is counted and left as it is', async (t) => {
  const { backend, sessions } = start({ codec: K1 })
  const keys = await Promise.all(Array.from({ length: 4 }, async () => (await sessions.create()).key))
  const [damaged, empty, streamed, good] = keys.map(key => backend.stored.get(key))
  const unknown = await beside(backend, sealing('k0')).sessions.create()
  Object.assign(empty!, { body: Buffer.from('plain') })
  await append(backend, beside(backend, sealing('k0')).sessions.vault.codec, { key: streamed!.key, name: 's' }, 'one')
  damaged!.body[40]! ^= 1
  const bodies = [damaged, empty, backend.stored.get(unknown.key)].map(record => record?.body)
  const { sessions: later } = beside(backend)
  t.strictSame(await later.rotate(), { resealed: 1, current: 0, unreadable: 4 })
  t.strictSame([damaged, empty, backend.stored.get(unknown.key)].map(record => record?.body), bodies)
  t.equal(K2.keys.of(good!.body), 'k2')
})

t.test('an outage is one, and a key that cannot seal is an error', async (t) => {
  const { backend, sessions } = start({ codec: K1 })
  await sessions.create()
  const refusing = { ...K2, seal: () => { throw new Error('no key') } }
  await t.rejects(beside(backend, refusing).sessions.rotate(), { message: 'no key' })
  const later = beside(backend)
  const { reseal } = backend.records
  backend.records.reseal = async () => { throw new Error('connection lost') }
  await t.rejects(later.sessions.rotate(), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  backend.records.reseal = reseal
  const restore = outage(backend)
  for (const call of [
    () => later.sessions.rotate(), () => later.sessions.keysInUse(), () => later.sessions.dropKey('k1')
  ]) {
    await t.rejects(async () => { await call() }, { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  }
  restore()
  t.match(await later.sessions.rotate(), { resealed: 1 })
})

t.test('the manager\'s snapshot is written again', async (t) => {
  const snapshot = new Shelf()
  const { backend, sessions } = start({ codec: K1, snapshot })
  const { id } = await sessions.create()
  await sessions.exportSessionState()
  await beside(backend, K2, { snapshot }).sessions.rotate()
  const after = start({ codec: sealing('k2'), snapshot })
  t.match(await after.sessions.restoreSessionState(), { restored: 1, invalid: [] })
  t.ok(await after.sessions.open(id, null))
})

t.test('each key is in use for the bodies, the events and what the snapshot holds of both', async (t) => {
  const snapshot = new Shelf()
  const { backend, sessions } = start({ codec: K1, snapshot })
  const { key } = await sessions.create()
  await sessions.create()
  await append(backend, sessions.vault.codec, { key, name: 's' }, 'one', 'two')
  t.strictSame(await sessions.keysInUse(), new Map([['k1', 5]]))
  await sessions.exportSessionState()
  t.strictSame(await sessions.keysInUse(), new Map([['k1', 11]]), 'header, two records and three of a stream')
  const later = beside(backend, sealing('k2', 'k1'), { snapshot })
  await later.sessions.create()
  t.strictSame(await later.sessions.keysInUse(), new Map([['k1', 11], ['k2', 1]]))
  await later.sessions.exportSessionState()
  t.strictSame(await later.sessions.keysInUse(), new Map([['k1', 10], ['k2', 3]]))
  Object.assign(backend.stored.get(key)!, { body: Buffer.from('unsealed') })
  t.strictSame(await later.sessions.keysInUse(), new Map([['k1', 9], ['k2', 3]]), 'what no key sealed needs none')
})

t.test('of a snapshot that is damaged or under a key that is not here, what can be told counts', async (t) => {
  const shelf = new Shelf()
  const { sessions } = start({ codec: K1 })
  await sessions.create()
  await sessions.create()
  await sessions.exportSessionState(shelf)
  const [head, one, two, end] = shelf.lines
  const contents: Array<[content: string, uses: Array<[string, number]>]> = [
    ['', []],
    ['nonsense', []],
    ['nonsense\n{}\n{"holdfast":"snapshot"}', []],
    [`x\n${head}`, [['k1', 1]]],
    [`${head}\nx\n{}\n${two}`, [['k1', 2]]],
    [`${head}\n${one}\n${two}\n${end}`, [['k1', 3]]]
  ]
  for (const [content, uses] of contents) {
    t.strictSame(await start({ codec: K2, snapshot: new Shelf(content) }).sessions.keysInUse(), new Map(uses))
  }
  t.strictSame(await start({ codec: sealing('k2'), snapshot: shelf }).sessions.keysInUse(), new Map([['k1', 1]]))
  const broken = Object.assign(new Shelf(), { read: async () => { throw new Error('no') } })
  await t.rejects(start({ codec: K2, snapshot: broken }).sessions.dropKey('k1'), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
})

t.test('a key is dropped once nothing needs it', async (t) => {
  const snapshot = new Shelf()
  const IN_USE = { code: 'HOLDFAST_KEY_IN_USE' }
  const { backend, sessions } = start({ codec: K1, snapshot })
  const { id, key } = await sessions.create()
  const stream = { key, name: 's' }
  await append(backend, sessions.vault.codec, stream, 'one')
  const codec = sealing('k2', 'k1')
  const later = beside(backend, codec, { snapshot })
  await t.rejects(later.sessions.dropKey('k2'), { ...IN_USE, message: 'The active key cannot be dropped.' })
  await t.rejects(later.sessions.dropKey('k1'), IN_USE, 'for a record')
  const session = await later.sessions.open(id, null)
  await session?.update(() => {})
  await t.rejects(later.sessions.dropKey('k1'), IN_USE, 'for an event')
  await later.sessions.exportSessionState()
  await backend.events.drop(key)
  await t.rejects(later.sessions.dropKey('k1'), IN_USE, 'for an event in the snapshot')
  await beside(backend, sealing('k1', 'k2'), { snapshot }).sessions.exportSessionState()
  await t.rejects(later.sessions.dropKey('k1'), IN_USE, 'for the header of the snapshot')
  const old = await sessions.vault.codec.seal('message', '', Buffer.from('x'))
  t.ok(await later.sessions.vault.codec.open('message', '', old))
  await later.sessions.exportSessionState()
  await later.sessions.dropKey('k1')
  t.strictSame(later.heard.filter(({ event }) => event === 'keyDropped'), [{ event: 'keyDropped', id: 'k1' }])
  await t.rejects(
    async () => await later.sessions.vault.codec.open('message', '', old), { code: 'HOLDFAST_KEY_UNAVAILABLE' }
  )
  t.ok(await later.sessions.open(id, null))
})

t.test('without keys there is nothing to rotate', async (t) => {
  const { sessions } = start({ codec: { ...plain } })
  for (const call of [() => sessions.rotate(), () => sessions.keysInUse(), () => sessions.dropKey('k1')]) {
    await t.rejects(async () => { await call() }, { code: 'HOLDFAST_INVALID_OPTION', path: 'codec' })
  }
})
