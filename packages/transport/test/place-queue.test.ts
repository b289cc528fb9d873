import t from 'tap'
import { PlaceQueue } from '../dist/live/place-queue.js'
import { stayAwake } from '@holdfast/waiting'

/** Places that are counted, taken by whoever tries one. */
class Places {
  constructor (public free = 0) {}
  readonly tryTake = (): boolean => this.free > 0 && this.free-- > 0
}

t.test('a place that is free is taken at once', async (t) => {
  t.equal(await new PlaceQueue(1_000).take('a', () => true), true)
})

t.test('who waits longest gets the place that is freed', async (t) => {
  stayAwake(t)
  const places = new Places()
  const queue = new PlaceQueue(60_000)
  const taken: string[] = []
  const waiting = ['first', 'second'].map(async name => { if (await queue.take('a', places.tryTake)) taken.push(name) })
  places.free = 1
  queue.freed()
  await waiting[0]
  t.same(taken, ['first'])
  places.free = 1
  queue.freed()
  await waiting[1]
  t.same(taken, ['first', 'second'])
})

t.test('owners take turns, and who comes later does not overtake', async (t) => {
  stayAwake(t)
  const places = new Places()
  const queue = new PlaceQueue(60_000)
  const taken: string[] = []
  const wait = async (name: string): Promise<void> => {
    if (await queue.take(name.slice(0, 1), places.tryTake)) taken.push(name)
  }
  const waiting = ['a1', 'a2', 'a3', 'b1', 'c1'].map(wait)
  places.free = 1
  const late = wait('a4')
  for (let free = 0; free < 6; free++) {
    queue.freed()
    places.free = 1
  }
  await Promise.all([...waiting, late])
  t.same(taken, ['a1', 'b1', 'c1', 'a2', 'a3', 'a4'])
})

t.test('an owner who may take nothing holds up nobody', async (t) => {
  stayAwake(t)
  const places = new Places()
  const queue = new PlaceQueue(60_000)
  const refused = Array.from(
    { length: 200 }, async (_, n) => await queue.take(n < 100 ? 'greedy' : `greedy${n}`, () => false)
  )
  const other = queue.take('other', places.tryTake)
  places.free = 1
  for (let looks = 0; looks < 2; looks++) queue.freed()
  t.equal(await other, true)
  queue.end()
  t.same(new Set(await Promise.all(refused)), new Set([false]))
})

t.test('waiting ends after a while', async (t) => {
  stayAwake(t)
  const queue = new PlaceQueue(5)
  t.equal(await queue.take('a', () => false), false)
  t.equal(await queue.take('a', () => true), true, 'nobody is left before it')
})

t.test('a place that becomes free in the last moment is taken', async (t) => {
  stayAwake(t)
  let asked = 0
  t.equal(await new PlaceQueue(5).take('a', () => ++asked > 1), true)
})

t.test('freeing a place that nobody waits for is no matter', async () => {
  new PlaceQueue(5).freed()
})

t.test('of one owner a thousand wait, and more are turned away at once', async (t) => {
  stayAwake(t)
  const queue = new PlaceQueue(60_000)
  const waiting = Array.from({ length: 1_000 }, async () => await queue.take('a', () => false))
  t.equal(await queue.take('a', () => false), false)
  queue.end()
  t.same(new Set(await Promise.all(waiting)), new Set([false]))
})
