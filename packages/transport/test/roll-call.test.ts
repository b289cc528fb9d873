import t from 'tap'
import { fleet } from './fixtures/fleet.js'
import { turns } from '@holdfast/waiting'

const versions = { holdfast: /^\d+\.\d+\.\d+/, node: process.versions.node }

t.test('every replica says what it has open', async (t) => {
  const f = await fleet(t, { replicas: 3 })
  const client = await f.client().begin()
  await f.client().begin()
  await client.get()
  await f.second.endpoint.drain(0)
  const { replicas, silent } = await f.first.endpoint.fleet()
  t.same(silent, [])
  t.same([...replicas.keys()][0], f.first.name)
  t.match(replicas.get(f.first.name), { live: 2, streams: 1, draining: false, versions })
  t.match(replicas.get(f.second.name), { live: 0, streams: 0, draining: true, versions })
  t.equal(replicas.size, 3)
  t.same([...f.first.endpoint.liveKeys].length, 2)
  const [key = ''] = f.first.endpoint.liveKeys
  t.same(f.first.endpoint.here(key), { live: true, streams: 1 })
  t.same(f.second.endpoint.here(key), { live: false, streams: 0 })
})

t.test('a replica says whom it has counted only when it is asked for that', async (t) => {
  const counts = { since: 1, clients: [] }
  const f = await fleet(t, { replicas: 2, counts: () => counts })
  const [name] = [f.second.name]
  t.equal((await f.first.endpoint.fleet()).replicas.get(name)?.counts, undefined)
  t.strictSame((await f.first.endpoint.fleet({ counts: true })).replicas.get(name)?.counts, counts)
  const silent = await fleet(t, { replicas: 2 })
  t.equal((await silent.first.endpoint.fleet({ counts: true })).replicas.get(silent.second.name)?.counts, undefined)
})

t.test('a replica that says nothing is missed, not waited for', async (t) => {
  const f = await fleet(t, { replicas: 2 })
  await f.backend.presence.announce('killed', 60_000)
  const { replicas, silent } = await f.first.endpoint.fleet()
  t.same([...replicas.keys()].sort(), [f.first.name, f.second.name].sort())
  t.same(silent, ['killed'])
})

t.test('what is no report, or comes too late, is left out', async (t) => {
  const f = await fleet(t, { replicas: 2 })
  const { fleet: others } = f.second.sessions
  f.second.sessions.fleet.tellReplica = async (to, type, key, details) => {
    for (const report of [
      null, 'fine', { live: 1 }, { live: 'x', streams: 0, draining: false, versions },
      { live: 0, streams: 0, draining: false, versions: null }
    ]) {
      await Object.getPrototypeOf(others).tellReplica.call(others, to, type, key, {
        ...details, report: report as never
      })
    }
    await Object.getPrototypeOf(others).tellReplica.call(others, to, type, key, { ...details, call: 'another call' })
    return true
  }
  const { replicas, silent } = await f.first.endpoint.fleet()
  t.same([...replicas.keys()], [f.first.name])
  t.same(silent, [f.second.name])
  await turns()
  t.same(f.first.errors, [])
})

t.test('an outage is an outage', async (t) => {
  const f = await fleet(t)
  f.first.weather.down = true
  await t.rejects(f.first.endpoint.fleet(), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
})
