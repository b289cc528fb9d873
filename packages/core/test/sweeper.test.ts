import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { HoldfastError, type Sessions, Sweeper } from '../dist/index.js'
import { manager, outage } from './fixtures/manager.js'

// A sweeper keeps no process alive: while a test waits for one, this does.
const alive = setInterval(() => {}, 60_000)
t.teardown(() => { clearInterval(alive) })

async function next (sessions: Sessions, event: 'expired' | 'error' | 'backendDown' | 'backendUp'): Promise<any> {
  return await new Promise(resolve => {
    const off = sessions.on(event, details => {
      off()
      resolve(details)
    })
  })
}

t.test('sessions that have expired are swept again and again', async (t) => {
  const { backend, sessions } = manager()
  const sweeper = new Sweeper(sessions, 1)
  sweeper.start()
  for (let round = 0; round < 2; round++) {
    const { key } = await sessions.create()
    backend.now += sessions.vault.idle
    t.match(await next(sessions, 'expired'), { key, reason: 'idle' })
  }
  await sweeper.stop()
})

t.test('one tick sweeps until nothing looks due', async (t) => {
  const { backend, sessions, heard } = manager()
  for (let i = 0; i < 250; i++) await sessions.create()
  backend.now += sessions.vault.idle
  const sweeper = new Sweeper(sessions, 1)
  const { claimExpired } = backend.records
  let calls = 0
  const done = new Promise<void>(resolve => {
    backend.records.claimExpired = async limit => {
      calls++
      const page = await claimExpired(limit)
      if (!page.more) resolve()
      return page
    }
  })
  sweeper.start()
  await done
  await sweeper.stop()
  t.equal(heard.filter(({ event }) => event === 'expired').length, 250)
  t.ok(calls === 5 || calls === 6, `${calls} pages of 50`)
})

t.test('an outage is left to its own event, and the sweeping goes on', async (t) => {
  const { backend, sessions, heard } = manager()
  await sessions.create()
  backend.now += sessions.vault.idle
  const restore = outage(backend)
  const sweeper = new Sweeper(sessions, 1)
  const down = next(sessions, 'backendDown')
  sweeper.start()
  await down
  restore()
  await next(sessions, 'expired')
  await sweeper.stop()
  t.strictSame(heard.map(({ event }) => event), ['created', 'backendDown', 'backendUp', 'expired'])
})

t.test('a sweep that fails in any other way is reported, and the sweeping goes on', async (t) => {
  const { backend, sessions } = manager()
  const { claimExpired } = backend.records
  const error = new HoldfastError('HOLDFAST_BACKEND_FULL')
  backend.records.claimExpired = async () => { throw error }
  const sweeper = new Sweeper(sessions, 1)
  sweeper.start()
  t.strictSame(await next(sessions, 'error'), { error })
  t.strictSame(await next(sessions, 'error'), { error })
  backend.records.claimExpired = claimExpired
  await sessions.create()
  backend.now += sessions.vault.idle
  await next(sessions, 'expired')
  await sweeper.stop()
})

t.test('stopping waits for the sweep under way, and none follows', async (t) => {
  const { backend, sessions } = manager()
  let calls = 0
  let finish = (): void => {}
  const began = new Promise<void>(resolve => {
    backend.records.claimExpired = async () => {
      calls++
      resolve()
      await new Promise<void>(resolve => { finish = resolve })
      return { records: [], more: true }
    }
  })
  const sweeper = new Sweeper(sessions, 1)
  sweeper.start()
  sweeper.start()
  await began
  let stopped = false
  const stopping = sweeper.stop().then(() => { stopped = true })
  await new Promise(setImmediate)
  t.equal(stopped, false)
  finish()
  await stopping
  t.equal(calls, 1)
})

t.test('stopped before it began, or while it runs, and started again, it sweeps once at a time', async (t) => {
  const { backend, sessions } = manager()
  let [running, most, calls] = [0, 0, 0]
  const sweeps = new EventEmitter()
  backend.records.claimExpired = async () => {
    most = Math.max(most, ++running)
    sweeps.emit('began')
    await new Promise(resolve => setTimeout(resolve, 5))
    running--
    if (++calls === 5) sweeps.emit('enough')
    return { records: [], more: false }
  }
  const enough = once(sweeps, 'enough')
  const sweeper = new Sweeper(sessions, 1)
  await sweeper.stop()
  sweeper.start()
  await once(sweeps, 'began')
  const stopping = sweeper.stop()
  sweeper.start()
  await stopping
  await enough
  await sweeper.stop()
  t.equal(most, 1)
  t.equal(running, 0)
})

t.test('the interval follows the time to live, within bounds, and is never too long for a timer', async (t) => {
  t.intercept(Math, 'random', { value: () => 1 })
  const delays: number[] = []
  t.intercept(globalThis, 'setTimeout', {
    value: (_: () => void, delay: number) => { delays.push(delay); return { unref () {} } }
  })
  const start = (sweeper: Sweeper): void => sweeper.start()
  start(new Sweeper(manager({ ttl: { idle: 10 } }).sessions))
  start(new Sweeper(manager({ ttl: { idle: 4_001, absolute: '1d' } }).sessions))
  start(new Sweeper(manager({ ttl: { idle: '1d', absolute: 8_000 } }).sessions))
  start(new Sweeper(manager().sessions))
  start(new Sweeper(manager().sessions, '365d'))
  t.strictSame(delays.map(delay => Math.round(delay)), [300, 1_200, 2_400, 18_000, 2 ** 31 - 1])
})

t.test('a wrong interval is an error at once', async (t) => {
  for (const interval of [0, NaN, -1, 'often']) {
    t.throws(() => new Sweeper(manager().sessions, interval), { code: 'HOLDFAST_INVALID_OPTION', path: 'interval' })
  }
})

t.test('a sweeper keeps no process alive', async (t) => {
  const script = fileURLToPath(new URL('./fixtures/sweeping.js', import.meta.url))
  const child = spawn(process.execPath, [...process.execArgv, script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', data => { output += data })
  t.strictSame(await once(child, 'close'), [0, null])
  t.equal(output, 'sweeping\n')
})
