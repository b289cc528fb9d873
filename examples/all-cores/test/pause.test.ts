import cluster, { type Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import t from 'tap'
import { supervise } from '../dist/supervise.js'

t.test('a second passes between the end of a worker and the start of the next one, which may end at once', t => {
  const started: EventEmitter[] = []
  mock.method(process, 'on', () => process)
  mock.method(console, 'error', () => {})
  mock.method(console, 'log', () => {})
  mock.method(cluster, 'fork', () => {
    const worker = Object.assign(new EventEmitter(), { process: { pid: started.length } })
    started.push(worker)
    return worker as unknown as Worker
  })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.reset() })

  supervise(3)
  t.equal(started.length, 3)
  for (const worker of started) worker.emit('listening', { port: 1 })
  for (let next = 3; next < 8; next++) {
    started.at(-1)?.emit('exit', 1, null)
    mock.timers.tick(999)
    t.equal(started.length, next)
    mock.timers.tick(1)
    t.equal(started.length, next + 1)
  }
  mock.timers.tick(60_000)
  t.equal(started.length, 8, 'a worker that has not ended has no successor')
  t.end()
})
