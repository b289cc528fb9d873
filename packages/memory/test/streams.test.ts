import t from 'tap'
import { Clocked } from './fixtures/clocked.js'

/** Milliseconds of CPU that 200 new streams cost beside so many open ones, at best. */
async function cost (open: number): Promise<number> {
  const clock = new Clocked({ maxStreams: 4 })
  const key = await clock.create()
  for (let i = 0; i < open; i++) await clock.events.append({ key, name: `open-${i}` }, [Buffer.from('x')])
  const rounds: number[] = []
  for (let round = 0; round < 10; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < 200; i++) {
      await clock.events.append({ key, name: `${round}-${i}` }, [Buffer.from('x')], { end: true })
    }
    const { user, system } = process.cpuUsage(before)
    rounds.push((user + system) / 1000)
  }
  return Math.min(...rounds)
}

t.test('a new stream costs the same however many are open', async t => {
  const [few, many] = [await cost(10), await cost(10_000)]
  t.ok(many < 5 * few, `${many} and ${few} ms`)
})

t.test('the stream that ended first is dropped first, even if it did not begin first', async t => {
  const clock = new Clocked({ maxStreams: 3 })
  const key = await clock.create()
  for (const name of ['a', 'b', 'c']) await clock.events.append({ key, name }, [Buffer.from(name)])
  for (const name of ['b', 'a']) await clock.events.append({ key, name }, [], { end: true })
  await clock.events.append({ key, name: 'd' }, [Buffer.from('d')])
  t.equal(await clock.events.readAfter({ key, name: 'b' }, 0, 1), undefined)
  for (const name of ['a', 'c', 'd']) t.ok(await clock.events.readAfter({ key, name }, 0, 1), name)
})
