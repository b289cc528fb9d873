import t from 'tap'
import { healthOf } from '../dist/index.js'
import { HealthCheck, type Thresholds } from '../dist/health.js'
import { manager, outage } from './fixtures/manager.js'

/** A manager whose backend takes as long as it is told to answer a ping, on a clock that the test moves. */
function patient (thresholds: Thresholds = {}) {
  const { backend, sessions, heard } = manager()
  const clock = { now: 0, latency: 1 }
  backend.ping = async () => { clock.now += clock.latency }
  const check = new HealthCheck(
    sessions.vault, thresholds, (health, was) => { sessions.emit('health', { ...health, was }) }, () => clock.now
  )
  const calls = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await sessions.count().catch(() => {})
  }
  return {
    backend,
    sessions,
    clock,
    calls,
    look: async () => await check.look(),
    told: () => heard.filter(({ event }) => event === 'health')
  }
}

t.test('a backend that answers at once is healthy', async (t) => {
  const { sessions, heard } = manager()
  t.match(await sessions.health(), { state: 'healthy', reasons: [], latency: Number, errorRate: 0 })
  t.strictSame(heard, [])
})

t.test('a slow backend is degraded, which is told once, and so is that it is not any more', async (t) => {
  const { clock, look, told } = patient({ latency: '100ms' })
  clock.latency = 99
  t.match(await look(), { state: 'healthy', latency: 99 })
  clock.latency = 100
  t.strictSame(await look(), { state: 'degraded', reasons: ['latency'], latency: 100, errorRate: 0 })
  await look()
  clock.latency = 1
  await look()
  t.strictSame(told(), [
    { event: 'health', was: 'healthy', state: 'degraded', reasons: ['latency'], latency: 100, errorRate: 0 },
    { event: 'health', was: 'degraded', state: 'healthy', reasons: [], latency: 1, errorRate: 0 }
  ])
})

t.test('a backend of which many calls fail is degraded, until they are a while ago', async (t) => {
  const { backend, clock, calls, look } = patient({ errorRate: 0.1, interval: '1s' })
  await look()
  await calls(90)
  const over = outage(backend)
  await calls(9)
  over()
  clock.now += 1_000
  t.match((await look()).state, 'healthy')
  outage(backend)
  await calls(3)
  over()
  const health = await look()
  t.match(health, { state: 'degraded', reasons: ['errors'] })
  t.ok(health.errorRate > 0.11 && health.errorRate < 0.12)
  clock.now += 5_000
  t.match(await look(), { state: 'degraded' })
  clock.now += 1_000
  await calls(100)
  t.match((await look()).state, 'healthy')
  clock.now += 6_000
  t.match(await look(), { state: 'healthy', errorRate: 0 })
})

t.test('a few calls say nothing', async (t) => {
  const { backend, look, calls } = patient()
  await look()
  const over = outage(backend)
  await calls(10)
  over()
  t.match(await look(), { state: 'healthy', errorRate: 0 })
})

t.test('a backend that does not answer is unhealthy', async (t) => {
  const { backend, sessions, look, told } = patient()
  backend.ping = async () => { throw new Error('connection lost') }
  t.strictSame(await look(), { state: 'unhealthy', reasons: ['backend'], errorRate: 0 })
  t.equal(sessions.vault.availability.down, true)
  t.match(told(), [{ was: 'healthy', state: 'unhealthy' }])
})

t.test('a ping that hangs is given up', async (t) => {
  // The clock of the ping keeps no process alive.
  const awake = setInterval(() => {}, 1_000)
  t.teardown(() => { clearInterval(awake) })
  const { backend, sessions } = manager()
  backend.ping = async () => await new Promise(() => {})
  const check = new HealthCheck(sessions.vault, {}, () => {}, () => performance.now(), 20)
  t.match(await check.look(), { state: 'unhealthy', reasons: ['backend'] })
})

t.test('who asks at the same time gets one answer', async (t) => {
  const { backend, look } = patient()
  let pings = 0
  backend.ping = async () => { pings++ }
  const [one, two] = await Promise.all([look(), look()])
  t.equal(one, two)
  t.equal(pings, 1)
  await look()
  t.equal(pings, 2)
})

t.test('one answer for several stores is that of the worst', async (t) => {
  const [well, slow, away] = [patient(), patient({ latency: 1 }), patient()]
  const managers = { well: { health: well.look }, slow: { health: slow.look } }
  t.match(await healthOf(managers), {
    state: 'degraded', stores: { well: { state: 'healthy' }, slow: { state: 'degraded', reasons: ['latency'] } }
  })
  away.backend.ping = async () => { throw new Error('away') }
  t.match(await healthOf({ ...managers, away: { health: away.look } }), {
    state: 'unhealthy', stores: { well: { state: 'healthy' }, away: { state: 'unhealthy', reasons: ['backend'] } }
  })
  t.strictSame(await healthOf({}), { state: 'healthy', stores: {} })
  await t.rejects(healthOf({ notes: undefined as never }), { code: 'HOLDFAST_INVALID_OPTION', path: 'healthOf.notes' })
})
