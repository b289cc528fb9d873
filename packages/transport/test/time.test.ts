import t from 'tap'
import { Deadlines, type Waiting } from '../dist/calls/deadlines.js'
import { RepeatedTasks } from '../dist/fleet/repeated-tasks.js'
import { Gate, eventually, stayAwake, turns } from '@holdfast/waiting'

stayAwake(t)

t.test('a task repeats, also after it has failed', async (t) => {
  const failures: unknown[] = []
  const tasks = new RepeatedTasks(error => failures.push(error))
  let runs = 0
  await tasks.every(2, () => { if (++runs === 1) throw new Error('once') })()
  t.equal(runs, 1)
  t.match(failures, [{ message: 'once' }])
  await eventually(() => runs >= 3)
  t.equal(failures.length, 1)
  await tasks.stop()
  const before = runs
  await new Promise(resolve => setTimeout(resolve, 10))
  t.equal(runs, before)
})

t.test('a task does not overlap with itself, and stopping waits for it', async (t) => {
  const tasks = new RepeatedTasks(() => {})
  const gate = new Gate()
  let runs = 0
  const run = tasks.every(1, async () => {
    runs++
    await gate.passed
  })
  await eventually(() => runs === 1)
  await new Promise(resolve => setTimeout(resolve, 10))
  await run()
  t.equal(runs, 1)
  let stopped = false
  const stop = tasks.stop().then(() => { stopped = true })
  await turns()
  t.notOk(stopped)
  gate.open()
  await stop
})

t.test('nothing starts after it was stopped', async (t) => {
  const tasks = new RepeatedTasks(() => {})
  await tasks.stop()
  await tasks.every(1_000, () => { t.fail('ran') })()
  await tasks.stop()
})

t.test('what waits too long is noticed, each in its turn, and what does not is not', async (t) => {
  class Item implements Waiting<Item> {
    since = 0
    constructor (readonly name: string) {}
  }
  const due: string[] = []
  const waited: number[] = []
  const deadlines = new Deadlines<Item>(30, ({ name, since }) => {
    due.push(name)
    waited.push(performance.now() - since)
  }, error => { throw error })
  const done = new Item('done')
  deadlines.add(new Item('a'))
  deadlines.add(done)
  await new Promise(resolve => setTimeout(resolve, 15))
  deadlines.add(new Item('b'))
  deadlines.delete(done)
  deadlines.delete(done)
  deadlines.delete(new Item('unknown'))
  await eventually(() => due.length > 1)
  deadlines.add(new Item('c'))
  await eventually(() => due.length > 2)
  t.same(due, ['a', 'b', 'c'])
  t.ok(waited.every(ms => ms >= 29), `none before its time: ${waited.join()}`)
})

t.test('what is due and throws keeps nothing else from being due', async (t) => {
  class Item implements Waiting<Item> {
    since = 0
  }
  let due = 0
  const failures: unknown[] = []
  const deadlines = new Deadlines<Item>(
    5, () => { if (++due !== 2) throw new Error(`broken ${due}`) }, error => { failures.push(error) }
  )
  for (let n = 0; n < 3; n++) deadlines.add(new Item())
  await eventually(() => due === 3)
  deadlines.add(new Item())
  await eventually(() => due === 4)
  t.match(failures, [{ message: 'broken 1' }, { message: 'broken 3' }, { message: 'broken 4' }])
})
