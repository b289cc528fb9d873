import t from 'tap'
import { RedisServer } from '@holdfast/real-redis'
import { type ClientCount, RollCall, type Sessions } from '@holdfast/core'
import { generateKey } from '@holdfast/envelope'
import { FORGED, corner } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'
import { inFile } from './fixtures/in-file.js'

const redis = await RedisServer.start()
t.teardown(async () => { await redis.stop() })

const client = (name: string, era: ClientCount['era'], requests: number, refused = 0): ClientCount =>
  ({ name, era, version: era === 'modern' ? '2026-07-28' : '2025-11-25', requests, refused })

interface Test { teardown (close: () => Promise<void> | void): void }

/** A server as the transport is one in the fleet. */
async function serving (t: Test, sessions: Sessions, clients: ClientCount[] | undefined, since = 0): Promise<void> {
  const { fleet, vault: { backend } } = sessions
  const rollCall = new RollCall(sessions, asked => ({
    live: 0,
    streams: 0,
    draining: false,
    versions: { holdfast: '1', node: '1' },
    ...(asked.counts === true && clients !== undefined && { counts: { since, clients } })
  }))
  const stop = await fleet.listen(async message => {
    if (message.type === 'roll-call') await rollCall.answer(message.from, message.call, message)
  })
  await backend.presence.announce(fleet.replica, 60_000)
  t.teardown(async () => { await stop() })
}

t.test('who asks, of all servers together', async (t) => {
  const keys = generateKey('k1')
  const { sessions, env } = corner(t, redis.url, keys)
  await serving(t, sessions, [client('old', 'sessions', 3), client(FORGED, 'modern', 2, 1)], 86_400_000)
  const { code, out, err } = await holdfast(['era'], env)
  t.strictSame({ code, err }, { code: 0, err: '' })
  t.match(out, new RegExp([
    'ERA +VERSION +CLIENT +REQUESTS +REFUSED', 'sessions +2025-11-25 +old +3 +0',
    'modern +2026-07-28 +inspector.* +2 +1',
    'counted by 1 of 1 servers since 1970-01-02T00:00:00Z\n$'
  ].join('\n')))
  for (const character of ['\u001b', '\u2028', '\u202e', '\r']) t.notOk(out.includes(character))
  const json = JSON.parse((await holdfast(['era', '--json'], env)).out)
  t.match(json, { clients: [{ name: 'old', requests: 3 }, { refused: 1 }], silent: [], since: 86_400_000 })
  t.match(await holdfast(['doctor'], env), { out: /warning +clients +clients of 1 name were refused.*modern/ })
})

t.test('the names of clients that were refused are counted', async (t) => {
  const { sessions, env } = corner(t, redis.url, generateKey('k1'))
  await serving(t, sessions, [client('one', 'modern', 1, 1), client('two', 'modern', 2, 2)])
  t.match(await holdfast(['doctor'], env), { out: /clients of 2 names were refused/ })
})

t.test('a server that does not count, or is silent, is named', async (t) => {
  const { sessions, env } = corner(t, redis.url)
  await serving(t, sessions, undefined)
  await sessions.vault.backend.presence.announce('gone', 60_000)
  t.match(await holdfast(['era'], env), { code: 0, out: /no server is there/, err: /2 servers did not answer/ })
  t.notMatch((await holdfast(['doctor'], env)).out, /clients/)
})

t.test('no server, and servers on a file', async (t) => {
  const { sessions, env } = inFile(t)
  t.match(await holdfast(['era'], env), { code: 0, out: /no server is there/, err: '' })
  await serving(t, sessions, [client('', 'sessions', 1)])
  t.match(await holdfast(['era'], env), { code: 0, out: /sessions +2025-11-25 +\(no name\) +1 +0\n/ })
  t.match(await holdfast(['doctor', '--max-bytes', '67108864'], env), { code: 0, out: /ok +clients +none was refused/ })
})
