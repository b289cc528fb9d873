import t from 'tap'
import { Room } from '../src/room.js'

t.test('a place that is free is taken at once', async (t) => {
  t.equal(await new Room(() => true, 1_000).take(), true)
})

t.test('who waits longest gets the place that is freed', async (t) => {
  let free = 0
  const room = new Room(() => free > 0 && free-- > 0, 60_000)
  const taken: string[] = []
  const waiting = ['first', 'second'].map(async name => { if (await room.take()) taken.push(name) })
  free = 1
  room.freed()
  await waiting[0]
  t.same(taken, ['first'])
  free = 1
  room.freed()
  await waiting[1]
  t.same(taken, ['first', 'second'])
})

t.test('patience ends', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  t.equal(await new Room(() => false, 5).take(), false)
})

t.test('freeing a place that nobody waits for is no matter', async () => {
  new Room(() => true, 5).freed()
})
