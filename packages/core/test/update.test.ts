import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { type DataChange, HoldfastError, Sessions, plain } from '../dist/index.js'
import { ADA, manager, outage } from './fixtures/manager.js'
import { Reference } from './fixtures/reference.js'

const increment: DataChange = data => { data.n = (data.n ?? 0) + 1 }

t.test('the data that an update resolves to is what a fresh reader sees, and frozen', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create({ principal: ADA, data: { n: 1 } })
  const data = await session.update(data => { data.list = [{ at: new Date(0) }]; data.gone = undefined })
  t.strictSame(data, { n: 1, list: [{ at: '1970-01-01T00:00:00.000Z' }] })
  t.strictSame((await sessions.open(session.id, ADA))?.data, data)
  t.equal(session.data, data)
  t.equal(session.version, 2)
  t.throws(() => { (data as any).list[0].at = 'changed' }, TypeError)
})

t.test('a part of a draft is copied by way of JSON', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create({ data: { list: [{ n: 1 }] } })
  t.strictSame(
    await session.update(data => { data.copy = JSON.parse(JSON.stringify(data.list)); data.copy[0].n = 2 }),
    { list: [{ n: 1 }], copy: [{ n: 2 }] }
  )
  await t.rejects(session.update(data => { data.again = structuredClone(data.list) }), { name: 'DataCloneError' })
})

t.test('a change may return what replaces the data', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create({ data: { old: true } })
  t.strictSame(await session.update(() => ({ fresh: true })), { fresh: true })
})

t.test('a draft is a copy: keeping it changes nothing later', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create({ data: { list: [1] } })
  let kept: any
  await session.update(data => { kept = data; data.list.push(2) })
  t.throws(() => kept.list.push(3), TypeError)
  t.throws(() => { kept.n = 3 }, TypeError)
  t.throws(() => { delete kept.list }, TypeError)
  t.strictSame(kept.list, [1, 2], 'it may still be read')
  t.strictSame(session.data, { list: [1, 2] })
  t.strictSame(await session.update(increment), { list: [1, 2], n: 1 })
})

t.test('fifty updates through three managers at once end at exactly fifty, ' +
  'and each sees a number of its own', async (t) => {
  const backend = new Reference()
  const replace = backend.records.replace
  backend.records.replace = async (...args) => {
    await setImmediate()
    return await replace(...args)
  }
  const managers = Array.from({ length: 3 }, () => new Sessions({ backend }))
  const { id } = await managers[0]!.create({ principal: ADA })
  const copies = await Promise.all(managers.map(async sessions => await sessions.open(id, ADA)))
  const totals = await Promise.all(Array.from({ length: 50 }, async (_, i) => {
    const { n } = await copies[i % 3]!.update(increment)
    return n as number
  }))
  t.strictSame(totals.toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i + 1))
  t.strictSame((await managers[0]!.open(id, ADA))?.data, { n: 50 })
})

t.test('updates that wait are written together', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create()
  await Promise.all(Array.from({ length: 50 }, async () => await session.update(increment)))
  t.strictSame(session.data, { n: 50 })
  t.equal(session.version, 3, 'the first alone, the others in one write')
})

t.test('a change is applied anew to what another writer made of the session', async (t) => {
  const backend = new Reference()
  const [here, there] = [manager({ backend }), manager({ backend })]
  const mine = await here.sessions.create({ principal: ADA })
  const theirs = await there.sessions.open(mine.id, ADA)
  await theirs?.update(data => { data.theirs = true })
  t.strictSame(await mine.update(data => { data.mine = true }), { theirs: true, mine: true })
  t.equal(mine.version, 3)
})

t.test('a change that throws rejects only itself', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create()
  const mistake = new HoldfastError('HOLDFAST_CLOSED')
  const results = await Promise.allSettled([
    session.update(increment),
    session.update(increment),
    session.update(data => { data.n = 1_000; throw mistake }),
    session.update(increment)
  ])
  t.match(results, [{ value: { n: 1 } }, { value: { n: 2 } }, { reason: mistake }, { value: { n: 3 } }])
  await t.rejects(session.update(() => { throw mistake }), mistake, 'also when it is alone')
  t.strictSame((await sessions.open(session.id, null))?.data, { n: 3 })
})

t.test('a change that refuses is asked again when it was judged on what is no longer so', async (t) => {
  const backend = new Reference()
  const [here, there] = [manager({ backend }), manager({ backend })]
  const mine = await here.sessions.create({ principal: ADA, data: { stock: 0 } })
  const theirs = await there.sessions.open(mine.id, ADA)
  await theirs?.update(data => { data.stock = 1 })
  const take: DataChange = data => {
    if (data.stock === 0) throw new Error('sold out')
    data.stock--
  }
  t.strictSame(await mine.update(take), { stock: 0 })
  await t.rejects(mine.update(take), { message: 'sold out' })
})

t.test('an asynchronous change is refused', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create()
  await t.rejects(
    session.update((async () => ({ n: 1 })) as never), { code: 'HOLDFAST_INVALID_OPTION', path: 'update' }
  )
  t.equal(session.version, 1)
})

t.test('a result that is no JSON object is refused', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create({ data: { n: 1 } })
  for (const result of [5, 'text', true, ['list'], Symbol('none'), () => {}]) {
    await t.rejects(
      session.update(() => result as never), { code: 'HOLDFAST_INVALID_OPTION', path: 'update' }, typeof result
    )
  }
  await t.rejects(session.update(data => { data.n = 5n }), TypeError)
  await t.rejects(session.update(data => { data.self = data }), TypeError)
  t.strictSame((await sessions.open(session.id, null))?.data, { n: 1 })
})

t.test('a __proto__ key is a key like any other', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create()
  await session.update(() => JSON.parse('{"__proto__":{"admin":true}}'))
  const data: any = await session.update(increment)
  t.strictSame(Object.keys(data), ['__proto__', 'n'])
  t.equal(data.admin, undefined)
})

t.test('a change that makes the session too large is refused alone', async (t) => {
  const { sessions } = manager({ limits: { maxStateBytes: 1_000 } })
  const session = await sessions.create()
  const results = await Promise.allSettled([
    session.update(increment),
    session.update(increment),
    session.update(data => { data.text = 'x'.repeat(1_000) }),
    session.update(data => { data.text = 'x'.repeat(100) })
  ])
  t.match(results, [
    { value: { n: 1 } },
    { value: { n: 2 } },
    { reason: { code: 'HOLDFAST_STATE_TOO_LARGE' } },
    { value: { n: 2, text: 'x'.repeat(100) } }
  ])
  t.equal(session.version, 3)
})

t.test('too large is judged on what is stored, not on an old copy', async (t) => {
  const backend = new Reference()
  const [here, there] = [manager({ backend, limits: { maxStateBytes: 1_000 } }), manager({ backend })]
  const mine = await here.sessions.create({ principal: ADA, data: { text: 'x'.repeat(600) } })
  const theirs = await there.sessions.open(mine.id, ADA)
  await theirs?.update(() => ({}))
  t.strictSame(await mine.update(data => { data.more = 'y'.repeat(600) }), { more: 'y'.repeat(600) })
})

t.test('a session that has ended takes no changes', async (t) => {
  const { backend, sessions } = manager()
  const session = await sessions.create({ principal: ADA })
  await sessions.terminate({ id: session.id, principal: ADA })
  const results = await Promise.allSettled([
    session.update(increment), session.update(increment), session.update(() => { throw new Error('refused') })
  ])
  for (const result of results) t.match(result, { reason: { code: 'HOLDFAST_SESSION_GONE' } })
  await t.rejects(session.update(() => { throw new Error('refused') }), { code: 'HOLDFAST_SESSION_GONE' })
  const expired = await sessions.create()
  backend.now += sessions.vault.idle
  await t.rejects(expired.update(increment), { code: 'HOLDFAST_SESSION_GONE' })
})

t.test('one that ends between a conflict and the next attempt is gone', async (t) => {
  const { backend, sessions } = manager()
  const session = await sessions.create({ principal: ADA })
  backend.records.replace = async (key) => {
    await backend.records.remove(key)
    return 'conflict'
  }
  await t.rejects(session.update(increment), { code: 'HOLDFAST_SESSION_GONE' })
})

t.test('conflicts without end are given up', async (t) => {
  t.intercept(Math, 'random', { value: () => 0 })
  const { backend, sessions } = manager()
  const session = await sessions.create()
  let attempts = 0
  backend.records.replace = async () => {
    attempts++
    return 'conflict'
  }
  await t.rejects(session.update(increment), { code: 'HOLDFAST_CONFLICT' })
  t.equal(attempts, 100)
  t.strictSame(session.data, {})
})

t.test('an outage rejects what waits, and the next update goes through', async (t) => {
  const { backend, sessions } = manager()
  const session = await sessions.create()
  const restore = outage(backend)
  const results = await Promise.allSettled([session.update(increment), session.update(increment)])
  for (const result of results) t.match(result, { reason: { code: 'HOLDFAST_BACKEND_UNAVAILABLE' } })
  restore()
  t.strictSame(await session.update(increment), { n: 1 })
})

t.test('when sealing fails the update fails', async (t) => {
  let broken = false
  const { sessions } = manager({
    codec: { ...plain, seal: body => { if (broken) throw new Error('no key'); return body } }
  })
  const session = await sessions.create()
  broken = true
  await t.rejects(session.update(increment), { message: 'no key' })
  broken = false
  t.strictSame(await session.update(increment), { n: 1 })
})

t.test('an answer that comes late does not bring back what was', async (t) => {
  const backend = new Reference()
  const [here, there] = [manager({ backend }), manager({ backend })]
  const mine = await here.sessions.create({ principal: ADA })
  const theirs = await there.sessions.open(mine.id, ADA)
  await theirs?.update(data => { data.theirs = true })
  const touch = backend.records.touch
  let release = (): void => {}
  backend.records.touch = async (...args) => {
    backend.records.touch = touch
    const answer = await touch(...args)
    await new Promise<void>(resolve => { release = resolve })
    return answer
  }
  const touching = here.sessions.touch(mine)
  await mine.update(data => { data.mine = true })
  release()
  t.equal(await touching, true)
  t.equal(mine.version, 3)
  t.strictSame(mine.data, { theirs: true, mine: true })
})

t.test('a backend that lost writes is believed', async (t) => {
  const { backend, sessions } = manager()
  const session = await sessions.create({ principal: ADA, data: { n: 1 } })
  const before = structuredClone(backend.stored.get(session.key)!)
  for (let i = 0; i < 3; i++) await session.update(increment)
  backend.stored.set(session.key, structuredClone(before))
  t.strictSame(await session.update(increment), { n: 2 })
  t.equal(session.version, 2)
  backend.stored.set(session.key, before)
  t.equal(await sessions.touch(session), true)
  t.strictSame(session.data, { n: 1 })
})

t.test('a session prints neither its id nor what it holds', async (t) => {
  const { sessions } = manager()
  const session = await sessions.create({ principal: ADA, context: { apiKey: 'hush' }, data: { note: 'hush' } })
  for (const text of [
    inspect(session), inspect(session, { depth: 9, showHidden: true }), JSON.stringify({ session }), String(session)
  ]) {
    t.notMatch(text, /hush|ada/)
    t.notOk(text.includes(session.id))
  }
  t.match(inspect(session), /^Session \{ session: '[\w-]{8}', version: 1 \}$/)
})

/** A session of some 180 KB in many small objects. */
const MANY = {
  wide: Object.fromEntries(Array.from({ length: 1_500 }, (_, id) => [`entry-${id}`, { id, tags: ['a', 'b'] }])),
  items: Array.from({ length: 3_000 }, (_, id) => ({ id, name: `item ${id}`, done: false }))
}

/** What the changes had JSON write and read, in characters. */
async function worked (t: Test, changes: () => Promise<unknown>): Promise<number> {
  const { parse, stringify } = JSON
  let work = 0
  const counted = t.intercept(JSON, 'stringify', {
    value: (value: unknown) => {
      const text = stringify(value)
      work += text?.length ?? 0
      return text
    }
  })
  t.intercept(JSON, 'parse', {
    value: (text: string) => {
      work += text.length
      return parse(text)
    }
  })
  await changes()
  counted.restore()
  return work
}

t.test('a commit encodes the state once, however many changes it applies', async t => {
  const { sessions } = manager()
  const session = await sessions.create({ data: MANY })
  const size = JSON.stringify(session.state).length
  t.ok(size > 150_000)
  const updates: DataChange[] = [
    increment,
    data => { data.items[7].done = true },
    data => { data.items.push({ id: 1 }) },
    data => { data.wide['entry-9'].tags.push('c') }
  ]
  const work = async (many: number) => await t.test(`${many} changes`, async t => {
    const before = session.version
    const done = await worked(t, async () => await Promise.all(Array.from({ length: many }, async (_, i) => i % 5 === 4
      ? await session.change(state => ({ ...state, replay: { ...state.replay, logLevel: `level-${i}` } }))
      : await session.update(updates[i % 5] as DataChange))))
    t.ok(done < 5 * size, `${done} characters`)
    t.equal(session.version, before + 2)
  })
  await work(100)
  await work(300)
})

t.test('many changes that are too large cost no more than as many that are not', async t => {
  const { sessions } = manager({ limits: { maxStateBytes: 200_000 } })
  const session = await sessions.create({ data: MANY })
  const results: Array<PromiseSettledResult<unknown>> = []
  const done = await worked(t, async () => {
    results.push(...await Promise.allSettled(Array.from({ length: 200 }, async (_, i) =>
      await session.update(data => { data.text = i % 2 === 0 ? 'x' : 'x'.repeat(100_000) }))))
  })
  t.equal(results.filter(({ status }) => status === 'rejected').length, 100)
  t.ok(done < 100 * 100_000 + 2_000_000, `${done} characters`)
})

t.test('a commit applies a thousand changes, the others wait for the next', async t => {
  const { sessions } = manager()
  const session = await sessions.create()
  await Promise.all(Array.from({ length: 2_501 }, async () => await session.update(increment)))
  t.equal(session.data.n, 2_501)
  t.equal(session.version, 1 + 1 + 3)
})
