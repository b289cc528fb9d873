import t from 'tap'
import { LivePlaces, Place } from '../dist/live/live-places.js'

/** Places whose items are named for their owner. */
class Town {
  readonly staying = new Set<string>()
  /** What leaves takes its time. */
  lingering = false
  readonly places: LivePlaces<string>
  readonly #taken = new Map<string, Place<string>>()

  constructor (size: number) {
    this.places = new LivePlaces(size, item => this.staying.has(item))
  }

  /** Takes a place for `<owner><number>`; what left for it, or false when there was none. */
  take (name: string): string | boolean {
    const place = new Place(name.replace(/\d+$/, ''), name)
    const taken = this.places.take(place)
    if (taken !== undefined) this.#taken.set(name, place)
    if (taken?.leaves !== undefined && !this.lingering) this.places.giveBack(this.place(taken.leaves))
    return taken === undefined ? false : taken.leaves ?? true
  }

  place (name: string): Place<string> { return this.#taken.get(name) as Place<string> }
  rest (...names: string[]): void { for (const name of names) this.places.rest(this.place(name)) }
  /** Takes places that are idle at once. */
  settle (...names: string[]): void {
    for (const name of names) {
      this.take(name)
      this.rest(name)
    }
  }
}

t.test('an owner has at most half of the places, rounded up, as busy ones', async (t) => {
  for (const [size, half] of [[1, 1], [2, 1], [3, 2], [20, 10]] as const) {
    const town = new Town(size)
    for (let n = 0; n < half; n++) t.equal(town.take(`a${n}`), true)
    t.equal(town.take('a100'), false, `${half} of ${size}`)
    if (size > 1) t.equal(town.take('b0'), true)
  }
})

t.test('an owner takes all places while nobody else wants them, as idle ones', async (t) => {
  const town = new Town(4)
  town.settle('a0', 'a1', 'a2', 'a3')
  t.equal(town.take('b0'), 'a0', 'the longest idle of who has the most goes')
  town.rest('a1')
  t.equal(town.take('c0'), 'a2', 'use counts')
})

t.test('who has the most places gives one, whoever was idle for longest', async (t) => {
  const town = new Town(5)
  town.settle('b0', 'a0', 'a1', 'a2', 'c0')
  t.equal(town.take('d0'), 'a0')
  t.equal(town.take('d1'), 'a1')
  town.rest('d0')
  t.equal(town.take('e0'), 'd0')
  t.equal(town.take('f0'), 'b0', 'among equals the longest idle')
})

t.test('what is busy, or just being looked at, stays', async (t) => {
  const town = new Town(2)
  town.settle('a0', 'a1')
  town.staying.add('a0')
  t.equal(town.take('b0'), 'a1')
  town.rest('b0')
  town.staying.add('b0')
  t.equal(town.take('c0'), false)
  town.staying.clear()
  t.ok(town.places.occupy(town.place('b0')))
  t.ok(town.places.occupy(town.place('a0')))
  t.equal(town.take('c0'), false)
})

t.test('who has fewer places gives one, when all of who has more stay', async (t) => {
  const town = new Town(6)
  for (const name of ['a0', 'a1', 'a2', 'b0', 'c0', 'c1']) t.equal(town.take(name), true)
  town.rest('a0', 'a1', 'a2', 'b0')
  for (const name of ['a0', 'a1', 'a2']) town.staying.add(name)
  t.equal(town.take('d0'), 'b0')
})

t.test('the last eighth is for owners that have no busy place', async (t) => {
  const town = new Town(16)
  for (let n = 0; n < 8; n++) t.equal(town.take(`a${n}`), true)
  for (let n = 0; n < 6; n++) t.equal(town.take(`b${n}`), true)
  t.equal(town.take('b6'), false)
  t.equal(town.take('c0'), true)
  t.equal(town.take('c1'), false)
  t.equal(town.take('d0'), true)
  t.equal(town.take('e0'), false, 'all are busy')
  town.rest('a0')
  t.equal(town.take('e0'), 'a0')
})

t.test('an idle place becomes busy within the same share', async (t) => {
  const town = new Town(4)
  town.settle('a0', 'a1', 'a2')
  t.equal(town.places.occupy(town.place('a0')), true)
  t.equal(town.places.occupy(town.place('a0')), true, 'it is busy already')
  t.equal(town.places.occupy(town.place('a1')), true)
  t.equal(town.places.occupy(town.place('a2')), false)
  t.equal(town.places.occupy(town.place('a2'), true), true, 'what cannot wait')
  town.rest('a0', 'a1')
  t.equal(town.take('b0'), true)
})

t.test('a place that was given back counts no more, whatever still happens in it', async (t) => {
  const town = new Town(2)
  for (const busy of [true, false]) {
    town.take('a0')
    const place = town.place('a0')
    if (!busy) town.rest('a0')
    town.places.giveBack(place)
    town.places.giveBack(place)
    town.places.rest(place)
    t.equal(town.places.occupy(place), true)
    t.notOk(place.busy)
  }
  for (const name of ['b0', 'c0']) t.equal(town.take(name), true)
  t.equal(town.take('d0'), false)
})

t.test('a place whose server waits for its client goes to other owners, when nothing is idle', async (t) => {
  const town = new Town(4)
  for (const name of ['a0', 'a1', 'a2']) {
    town.take(name)
    town.places.rest(town.place(name), true)
  }
  town.settle('b0')
  town.staying.add('a0')
  t.equal(town.take('c0'), 'b0', 'an idle one first')
  t.equal(town.take('a3'), false, 'not to its own')
  t.equal(town.take('c1'), 'a1', 'nor one that is just being looked at')
  t.equal(town.take('d0'), 'a2')
  t.equal(town.take('e0'), false)
  town.staying.clear()
  town.places.rest(town.place('a0'))
  t.equal(town.take('a4'), 'a0', 'its client has answered')
})

t.test('what an owner\'s servers take to be let go is its own', async (t) => {
  const town = new Town(8)
  town.lingering = true
  const names = Array.from({ length: 8 }, (_, n) => `a${n}`)
  town.settle(...names)
  for (const name of names) town.places.leave(town.place(name))
  for (const name of names) town.places.leave(town.place(name))
  t.equal(town.take('a8'), false)
  for (const owner of 'bcdefghi') t.equal(town.take(`${owner}0`), true, 'all places are there for others')
  town.rest('b0')
  t.equal(town.take('j0'), false, 'twice as many servers as places are the most')
  town.places.occupy(town.place('a0'))
  town.places.rest(town.place('a0'))
  t.equal(town.take('j0'), false, 'who leaves does not come back')
  for (const name of names.slice(0, 5)) town.places.giveBack(town.place(name))
  t.equal(town.take('j0'), 'b0')
})

t.test('a move touches as few neighbours with many owners and places as with few', async (t) => {
  const steps = (size: number): number => {
    const town = new Town(size)
    for (let n = 0; n < size; n++) town.settle(`${n % 2 === 0 ? 'a' : `o${n}x`}${n}`)
    let looks = 0
    const watched = new Proxy(town.place('a0'), {
      get: (target, name) => { looks++; return Reflect.get(target, name) as unknown }
    })
    town.places.occupy(watched)
    town.places.rest(watched)
    return looks
  }
  t.equal(steps(2_000), steps(20))
})

t.test('of places whose servers wait for their clients, those of nobody go first', async (t) => {
  const places = new LivePlaces<string>(4, () => false)
  const take = (owner: string, nobody = false): string | undefined => {
    const place = new Place(owner, owner, nobody)
    const taken = places.take(place)
    places.rest(place, true)
    return taken?.leaves
  }
  take('ada')
  take('ada')
  take('nobody-1', true)
  take('nobody-2', true)
  t.equal(take('nobody-3', true), 'nobody-1', 'although ada has two')
  t.equal(take('bob'), 'nobody-2')
  t.equal(take('carl'), 'nobody-3')
  t.equal(take('dora'), 'ada', 'where nobody has none')
})
