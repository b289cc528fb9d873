/* eslint-disable no-proto, no-self-assign, @typescript-eslint/no-unused-expressions --
   whatever an application may do to a draft */
import t, { type Test } from 'tap'
import { Draft } from '../dist/draft.js'
import { type Json, parseJson } from '../dist/json.js'
import { finalize } from '../dist/finalize.js'

const BASE = '{"n":1,"list":[1,{"deep":[{"x":1}]},"é"],"empty":{},"none":[],' +
  '"__proto__":{"own":true},"text":"\\u2028","7":null}'

type Change = (draft: any) => unknown

const base = (): Json => parseJson(Buffer.from(BASE)) as Json

/** What was done before: a deep copy, and a round trip of the whole. */
function plainly (change: Change): unknown {
  const draft = JSON.parse(BASE)
  const text = JSON.stringify(change(draft) ?? draft)
  return text === undefined ? undefined : JSON.parse(text)
}

function bySharing (change: Change) {
  const before = base()
  const draft = new Draft(before as Json & object).proxy
  const { value, growth } = finalize(change(draft) ?? draft, before)
  return { before, value, growth }
}

function check (t: Test, change: Change, name: string): void {
  const { before, value, growth } = bySharing(change)
  const expected = plainly(change)
  const text = JSON.stringify(value) as string | undefined
  t.equal(text, JSON.stringify(expected), name)
  t.equal(growth, Buffer.byteLength(text ?? '') - Buffer.byteLength(JSON.stringify(before)), `${name}: growth`)
  t.equal(JSON.stringify(before), JSON.stringify(base()), `${name}: the original is what it was`)
  t.ok(isFrozen(value), `${name}: frozen`)
}

function isFrozen (value: unknown): boolean {
  return typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))
}

const changes: Record<string, Change> = {
  'nothing happens': () => {},
  'looking alone': d => { JSON.stringify(d) },
  'a number': d => { d.n++ },
  'a new name': d => { d.é = 'é' },
  'a name that goes': d => { delete d.n },
  'the only name that goes': d => { delete d.list[1].deep[0].x },
  'the first name of an empty object': d => { d.empty.x = 1 },
  'deep inside': d => { d.list[1].deep[0].x = 'é' },
  'a push': d => { d.list.push({ y: 1 }, 2) },
  'the first of an empty list': d => { d.none.push(1) },
  'a splice': d => { d.list.splice(0, 1) },
  'a shift and a change': d => { d.list.shift().x; d.list[0].deep.push(1) },
  'a shorter list': d => { d.list.length = 1 },
  'a list with holes': d => { d.list.length = 5; d.list[7] = 1 },
  'a list of which one is deleted': d => { delete d.list[0] },
  'a filter': d => { d.list = d.list.filter((one: unknown) => typeof one === 'object') },
  'a filter, and a change of what is left': d => {
    d.list = d.list.filter((one: unknown) => typeof one === 'object')
    d.list[0].deep[0].x = 2
  },
  'a map over drafts': d => { d.list = d.list.map((one: any) => one.deep ?? one) },
  'what was at the end comes first': d => { d.list.unshift(d.list.pop()) },
  'the same twice, then once': d => { d.list.push(1, 1, 'é'); d.list.splice(0, 1) },
  'a list without what was read from it': d => { d.list = [...d.list.slice(1), -0, 0, NaN] },
  'something that only inherits from a draft': d => { d.heir = Object.create(d.list[1]) },
  'sorted and reversed': d => { d.list.reverse().sort() },
  'one draft in two places': d => { d.again = d.list[1]; d.list[1].deep.push('both') },
  'a draft that moved': d => { d.moved = d.list; delete d.list; d.moved.push(1) },
  'a draft inside something new': d => { d.box = { of: [d.list, d.empty] }; d.empty.late = true },
  'a spread of the draft': d => ({ ...d, n: 2 }),
  'something else entirely': () => ({ fresh: [1, { a: undefined }] }),
  'a part of it': d => d.list[1],
  'a list': d => d.list,
  'a text': () => 'text',
  'what JSON leaves out': d => {
    d.u = undefined
    d.f = () => {}
    d.s = Symbol('s')
    d.list.push(undefined, () => {})
    d.n = undefined
  },
  'what JSON calls null': d => { d.nan = NaN; d.inf = -Infinity; d.list.push(NaN) },
  'minus zero': d => { d.n = -0; d.zero = -0 },
  'dates and boxes': d => { d.at = new Date(0); d.list[0] = Object('boxed'); d.map = new Map([[1, 2]]) },
  'an instance of a class': d => { d.point = new (class { x = 1; get y () { return 2 } })() },
  'a toJSON of its own': d => { d.list[1].toJSON = () => 'told' },
  'a toJSON that says nothing': d => { d.empty.toJSON = () => undefined; d.none.toJSON = () => 'none' },
  'something with a toJSON': d => {
    d.told = { toJSON: () => ({ deep: undefined }) }
    d.list.push(Object.assign([1], { toJSON: () => 'list' }))
  },
  'a symbol as a name': d => { d[Symbol('hidden')] = 1; d.n = 3 },
  'a list with a name': d => { d.list.extra = 1; d.list[0] = 2 },
  'a getter': d => { Object.defineProperty(d.empty, 'now', { get: () => 5, enumerable: true }) },
  'a hidden name': d => { Object.defineProperty(d, 'hidden', { value: 5 }) },
  'another prototype': d => { Object.setPrototypeOf(d.empty, { inherited: 1 }); d.list.__proto__ = null },
  'the name __proto__': d => { d.__proto__.own = false },
  '__proto__ without one of its own': d => { d.empty.__proto__ = { toJSON: () => 'no' } },
  'a name __proto__ from outside': d => { d.box = JSON.parse('{"__proto__":{"a":1}}') },
  'an object without a prototype': d => { d.bare = Object.assign(Object.create(null), { a: 1 }) },
  'a lone surrogate': d => { d['\ud800'] = '\udc00' },
  'a name that is there, deleted and set': d => { delete d.text; d.text = 'é' },
  'a new name that is gone again': d => { d.new = 1; delete d.new },
  'a new name without a value': d => { d.new = undefined },
  'equal to before': d => { d.n = 1; d.list = d.list; d.empty = {}; d.text = '\u2028' },
  'read through descriptors': d => {
    Object.getOwnPropertyDescriptor(d, 'list')!.value.push(1)
    Object.entries(d.list[1])[0]![1]
  },
  'frozen by whoever changes it': d => { d.n = 2; Object.freeze(d.list); Object.freeze(d); d.empty },
  'an object instead of a list, and the other way round': d => { d.list = { a: 1 }; d.empty = [1] },
  'a value instead of an object': d => { d.list = 1; d.empty = null; d.n = {} }
}

for (const [name, change] of Object.entries(changes)) {
  t.test(`a change by sharing is what a copy and a round trip would be: ${name}`, async t => { check(t, change, name) })
}

t.test('any changes, at random', async t => {
  let seed = 1
  const random = (below: number): number => (seed = seed * 48_271 % 2_147_483_647) % below
  const values = (): unknown => [1, 'é', null, [], {}, { a: [{}] }, undefined, -0, [undefined], new Date(1)][random(10)]
  const step = (d: any): void => {
    let at = d
    for (let depth = random(4); depth > 0; depth--) {
      const inner: any[] = Object.values(at).filter(one => typeof one === 'object' && one !== null)
      if (inner.length > 0) at = inner[random(inner.length)]
    }
    const names = Object.keys(at)
    const name = names[random(names.length + 1)] ?? 'fresh'
    const steps = Array.isArray(at)
      ? [
          () => at.push(values()),
          () => at.splice(random(3), 1, values()),
          () => at.reverse(),
          () => { at.length = random(4) }
        ]
      : [
          () => { at[name] = values() },
          () => { delete at[name] },
          () => { at.moved = at[name] }
        ]
    steps[random(steps.length)]!()
  }
  for (let round = 0; round < 1_500; round++) {
    const from = seed
    const change: Change = d => {
      seed = from
      for (let steps = 1 + random(6); steps > 0; steps--) step(d)
    }
    let circular = false
    try { plainly(change) } catch { circular = true }
    if (circular) t.throws(() => bySharing(change), TypeError)
    else check(t, change, `from ${from}`)
    seed = from + 77
  }
})

t.test('what nobody touched is shared', async t => {
  const { before, value } = bySharing(d => { d.n = 2; d.list[0] = 5; JSON.stringify(d) }) as { before: any, value: any }
  for (const part of ['empty', 'none']) t.equal(value[part], before[part])
  t.equal(value.list[1], before.list[1])
  const same = bySharing(d => { d.list[1].deep.push(1); d.list[1].deep.pop(); d.n = 1 })
  t.equal(same.value, same.before, 'a change that changes nothing')
})

t.test('what JSON cannot say', async t => {
  for (const change of [
    (d: any) => { d.n = 5n },
    (d: any) => { d.self = d },
    (d: any) => { d.list[1].up = d.list },
    (d: any) => { d.empty.toJSON = 1; d.empty.up = d.empty }
  ]) {
    t.throws(() => bySharing(change), TypeError)
  }
  t.throws(() => bySharing(d => { d.list.length = 2 ** 31 }), RangeError)
})
