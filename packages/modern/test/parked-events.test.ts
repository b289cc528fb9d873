import t from 'tap'
import { type ParkedEvent, observed } from '../dist/parked/parked-events.js'

t.test('it is told once that a call waits, goes on and is stopped', async (t) => {
  const told: string[] = []
  const done: string[] = []
  const handler = observed({
    give: key => { done.push(`give ${key}`) },
    rested: () => { done.push('rested') },
    resumed: () => { done.push('resumed') },
    stop: reason => { done.push(`stop: ${reason}`) }
  }, 'owner', ({ kind, owner, reason }: ParkedEvent) => { told.push([kind, owner, reason].join(' ').trim()) })
  handler.rested()
  handler.give('one', {})
  handler.give('two', {})
  handler.resumed()
  await undefined
  handler.rested()
  handler.give('three', {})
  await undefined
  handler.give('four, asked and answered before it rested', {})
  handler.stop('gone')
  t.strictSame(told, [
    'parked owner', 'resumed owner', 'parked owner', 'resumed owner', 'parked owner', 'resumed owner',
    'abandoned owner gone'
  ])
  t.strictSame(done, [
    'rested', 'give one', 'give two', 'resumed', 'rested', 'give three',
    'give four, asked and answered before it rested', 'stop: gone'
  ])
})
