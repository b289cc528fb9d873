import { EventEmitter, once } from 'node:events'
import t from 'tap'
import type { MigrateOptions } from '@holdfast/core'
import { copyEverything } from '../dist/copy-everything.js'

// The pauses between attempts keep no process alive.
const alive = setInterval(() => {}, 60_000)
t.teardown(() => { clearInterval(alive) })

t.test('while the copy does not answer, it tries again, and says so each time', async t => {
  const warned: string[] = []
  const events = new EventEmitter()
  let attempts = 0
  const store = {
    backfill: async () => {
      attempts++
      if (attempts < 3) throw new Error(`attempt ${attempts}`)
      events.emit('done')
      return []
    }
  }
  const done = once(events, 'done')
  const stop = copyEverything(store, ({ message }) => { warned.push(message) }, 1)
  await done
  await stop()
  t.equal(attempts, 3)
  t.strictSame(warned, ['attempt 1', 'attempt 2'])
})

t.test('its end ends an attempt under way, without a word', async t => {
  const warned: Error[] = []
  const stop = copyEverything({
    backfill: async ({ signal } = {} as MigrateOptions) => {
      await once(signal as AbortSignal, 'abort')
      throw new Error('it was aborted')
    }
  }, warning => { warned.push(warning) })
  await stop()
  t.strictSame(warned, [])
})

t.test('its end does not wait for the next attempt', async t => {
  const events = new EventEmitter()
  const warned = once(events, 'warning')
  const store = { backfill: async () => { throw new Error('away') } }
  const stop = copyEverything(store, error => events.emit('warning', error))
  t.match(await warned, [{ message: 'away' }])
  await stop()
})
