import { once } from 'node:events'
import t from 'tap'
import { Emitter } from '../dist/index.js'

interface Events { news: number, error: { error: unknown } }

async function warningsOf (act: () => void | Promise<void>, count: number): Promise<string[]> {
  const warnings: string[] = []
  const note = (warning: Error): void => { if (warning.name === 'HoldfastWarning') warnings.push(warning.message) }
  process.on('warning', note)
  await act()
  while (warnings.length < count) await once(process, 'warning')
  process.off('warning', note)
  return warnings
}

t.test('every listener hears every event of its name, in order, until it is removed', async (t) => {
  const emitter = new Emitter<Events>()
  const heard: string[] = []
  const off = emitter.on('news', event => { heard.push(`a${event}`) })
  emitter.on('news', event => { heard.push(`b${event}`) })
  emitter.emit('news', 1)
  off()
  off()
  emitter.emit('news', 2)
  t.strictSame(heard, ['a1', 'b1', 'b2'])
})

t.test('an event that nobody listens to is nothing', async (t) => {
  const emitter = new Emitter<Events>()
  emitter.emit('news', 1)
  emitter.on('news', () => {})()
  emitter.emit('news', 2)
  t.pass()
})

t.test('a listener that throws or rejects stops nobody and is reported', async (t) => {
  const emitter = new Emitter<Events>()
  const errors: unknown[] = []
  const heard: number[] = []
  const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
  emitter.on('error', ({ error }) => { errors.push(error) })
  emitter.on('news', () => { throw thrown })
  emitter.on('news', async () => { throw rejected })
  emitter.on('news', event => { heard.push(event) })
  emitter.emit('news', 1)
  t.strictSame(heard, [1])
  t.strictSame(errors, [thrown])
  await new Promise(setImmediate)
  t.strictSame(errors, [thrown, rejected])
})

t.test('an error that nobody listens to becomes a warning of the process', async (t) => {
  const emitter = new Emitter<Events>()
  const warnings = await warningsOf(() => {
    emitter.emit('error', { error: new RangeError('too far') })
    emitter.emit('error', { error: 'not even an error' })
  }, 2)
  t.strictSame(warnings, ['RangeError: too far', 'a listener failed'])
})

t.test('an error listener that fails becomes a warning as well, and does not call itself', async (t) => {
  const emitter = new Emitter<Events>()
  let calls = 0
  emitter.on('error', () => { calls++; throw new Error('thrown') })
  emitter.on('error', async () => { calls++; throw new Error('rejected') })
  const warnings = await warningsOf(() => { emitter.emit('error', { error: new Error('first') }) }, 2)
  t.strictSame(warnings, ['Error: thrown', 'Error: rejected'])
  t.equal(calls, 2)
})

t.test('who begins to listen during an event hears the next one; ' +
  'who listens anew each time does not loop', async (t) => {
  const emitter = new Emitter<Events>()
  const heard: number[] = []
  let off = emitter.on('news', again)
  function again (event: number): void {
    heard.push(event)
    off()
    off = emitter.on('news', again)
  }
  emitter.emit('news', 1)
  emitter.emit('news', 2)
  t.strictSame(heard, [1, 2])
})
