import t from 'tap'
import { Sessions, type SessionsOptions, refuseUnset } from '../dist/index.js'
import { manager } from './fixtures/manager.js'
import { Reference } from './fixtures/reference.js'
import { Shelf } from './fixtures/shelf.js'

t.test('defaults are as documented', async (t) => {
  const { sessions } = manager()
  t.match(sessions.vault, {
    namespace: 'mcp', idle: 30 * 60_000, absolute: 7 * 24 * 3_600_000, format: { maxBytes: 262_144 }
  })
})

t.test('a wrong option is an error that names it', async (t) => {
  const wrong: Array<[string, object]> = [
    ['backend', { backend: undefined }],
    ['backend', { backend: {} }],
    ['backend', { backend: null }],
    ['namespace', { namespace: '' }],
    ['namespace', { namespace: 7 }],
    ['ttl.idle', { ttl: { idle: 'soon' } }],
    ['ttl.absolute', { ttl: { absolute: 0 } }],
    ['limits.maxSessions', { limits: { maxSessions: 0 } }],
    ['limits.maxSessions', { limits: { maxSessions: '5' } }],
    ['limits.maxPerOwner', { limits: { maxPerOwner: 1.5 } }],
    ['limits.maxStateBytes', { limits: { maxStateBytes: Infinity } }],
    ['limits.evict', { limits: { evict: 'lru' } }],
    ['thresholds.latency', { thresholds: { latency: 0 } }],
    ['thresholds.interval', { thresholds: { interval: 'often' } }],
    ['thresholds.errorRate', { thresholds: { errorRate: 0 } }],
    ['thresholds.errorRate', { thresholds: { errorRate: 1.1 } }],
    ['thresholds.errorRate', { thresholds: { errorRate: NaN } }],
    ['thresholds.errorRate', { thresholds: { errorRate: '5%' } }]
  ]
  for (const [path, options] of wrong) {
    t.throws(
      () => new Sessions({ backend: new Reference(), ...options } as SessionsOptions),
      { code: 'HOLDFAST_INVALID_OPTION', path },
      JSON.stringify(options)
    )
  }
})

t.test('so is a wrong page or sweep', async (t) => {
  const { sessions } = manager()
  for (const limit of [0, -1, NaN, 1.5, '5' as never]) {
    await t.rejects(sessions.list({ limit }), { code: 'HOLDFAST_INVALID_OPTION', path: 'limit' })
    await t.rejects(sessions.sweep(limit), { code: 'HOLDFAST_INVALID_OPTION', path: 'limit' })
  }
})

t.test('two managers are two replicas', async (t) => {
  t.not(manager().sessions.fleet.replica, manager().sessions.fleet.replica)
  t.match(manager().sessions.fleet.replica, /^[0-9a-f]{16}$/)
})

t.test('an option that is present must have a value, where its default would be something else', async (t) => {
  const options: { url?: string | undefined, other?: undefined } = { url: undefined, other: undefined }
  t.throws(() => { refuseUnset(options, ['url']) }, {
    code: 'HOLDFAST_INVALID_OPTION',
    path: 'url',
    message: 'url: has no value; perhaps a variable of the environment is not set'
  })
  t.doesNotThrow(() => { refuseUnset({ other: undefined } as typeof options, ['url']) })
  t.doesNotThrow(() => { refuseUnset({ url: '' }, ['url']) })
})

t.test('a snapshot store that would revive ended sessions is refused, unless that is accepted', async t => {
  const { write, read, forget, forgotten } = new Shelf()
  const refused = { code: 'HOLDFAST_INVALID_OPTION', path: 'snapshot' }
  for (const snapshot of [{ write, read }, { write, read, forget }, { write, read, forgotten, mayRevive: false }]) {
    t.throws(() => new Sessions({ backend: new Reference(), snapshot }), refused)
  }
  t.ok(new Sessions({ backend: new Reference(), snapshot: { write, read, mayRevive: true } }))
  t.ok(new Sessions({ backend: new Reference(), snapshot: { write, read, forget, forgotten } }))
})
