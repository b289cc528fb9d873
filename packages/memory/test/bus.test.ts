import { once } from 'node:events'
import t from 'tap'
import { memory } from '../dist/index.js'

const hello = Buffer.from('hello')

t.test('a message is delivered before publish resolves, but not inside the turn of the publisher', async (t) => {
  const { bus } = memory()
  let received = 0
  await bus.subscribe('channel', () => { received++ })
  const published = bus.publish('channel', hello)
  t.equal(received, 0)
  t.equal(await published, 1)
  t.equal(received, 1)
})

t.test('a listener that unsubscribes during a delivery does not get the message', async (t) => {
  const { bus } = memory()
  const received: string[] = []
  await bus.subscribe('channel', () => {
    received.push('first')
    leave().catch(t.threw)
  })
  const leave = await bus.subscribe('channel', () => { received.push('second') })
  t.equal(await bus.publish('channel', hello), 1)
  t.strictSame(received, ['first'])
})

t.test('a listener that subscribes during a delivery gets the next message', async (t) => {
  const { bus } = memory()
  let late = 0
  await bus.subscribe('channel', () => { bus.subscribe('channel', () => { late++ }).catch(t.threw) })
  await bus.publish('channel', hello)
  t.equal(late, 0)
  await bus.publish('channel', hello)
  t.equal(late, 1)
})

t.test('unsubscribing twice does not remove a new subscriber', async (t) => {
  const { bus } = memory()
  const leave = await bus.subscribe('channel', () => {})
  await leave()
  await bus.subscribe('channel', () => {})
  await leave()
  t.equal(await bus.publish('channel', hello), 1)
})

t.test('an error thrown by a listener becomes a process warning', async (t) => {
  const { bus } = memory()
  const thrown = [new Error('thrown by a listener of this test'), 'not an error']
  for (const error of thrown) {
    const leave = await bus.subscribe('channel', () => { throw error })
    const warned = once(process, 'warning')
    await bus.publish('channel', hello)
    const [warning] = await warned
    t.equal(warning instanceof Error ? warning.cause ?? warning : warning, error)
    await leave()
  }
})

t.test('closing ends the subscriptions', async (t) => {
  const backend = memory()
  const leave = await backend.bus.subscribe('channel', () => { t.fail('closed') })
  await backend.close()
  t.equal(await backend.bus.publish('channel', hello), 0)
  await leave()
})
