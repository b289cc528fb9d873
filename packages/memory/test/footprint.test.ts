import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Clocked } from './fixtures/clocked.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heap (): number {
  collect()
  return process.memoryUsage().heapUsed
}

async function churn (clock: Clocked, amount: number): Promise<void> {
  for (let i = 0; i < amount; i++) {
    const key = await clock.create({ owner: `owner-${i}`, body: Buffer.alloc(200) })
    await clock.events.append({ key, name: 'a' }, [Buffer.alloc(200)], { end: i % 2 === 0 })
    await clock.records.remove(key)
  }
}

t.test('creating and removing leaves nothing behind', async (t) => {
  const clock = new Clocked({ maxTombstones: 10 })
  await churn(clock, 5000)
  const before = heap()
  await churn(clock, 20_000)
  const grown = heap() - before
  t.ok(grown < 20_000 * 100, `${grown} bytes for 20,000 records, long before any of them would expire`)
  t.equal(await clock.records.count(), 0)
})
