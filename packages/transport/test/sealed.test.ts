import { type Codec, HoldfastError, type SnapshotStore } from '@holdfast/core'
import t from 'tap'
import { said } from './fixtures/client.js'
import { fleet } from './fixtures/fleet.js'
import { type Scripts, say } from './fixtures/server.js'

const scripts: Scripts = {
  hello: () => 'hi',
  version: ({ session }) => session.protocolVersion,
  talk: async scene => {
    await say(scene, 'one')
    await say(scene, 'two')
    return 'done'
  },
  announce: async ({ server }) => await server.server.sendLoggingMessage({ level: 'info', data: 'news' })
}

/** Turns every bit; what was opened can be refused for any reason. */
function turning (): Codec & { refuse: (text: string) => Error | undefined } {
  const turn = (bytes: Uint8Array): Uint8Array => bytes.map(byte => byte ^ 0xff)
  const codec = {
    refuse: (_: string): Error | undefined => undefined,
    seal: turn,
    open: (sealed: Uint8Array) => {
      const plaintext = turn(sealed)
      const error = codec.refuse(Buffer.from(plaintext).toString())
      if (error !== undefined) throw error
      return plaintext
    }
  }
  return codec
}

t.test('a session that came without a handshake gets one from its first request', async (t) => {
  const f = await fleet(t, { scripts })
  const { sessions } = f.first
  const client = async (version: string): Promise<ReturnType<typeof f.client>> => {
    const client = f.client()
    client.id = (await sessions.create({ context: { imported: true } })).id
    client.version = version
    return client
  }
  const [older, newer, twice, quiet] = [
    await client('2025-03-26'), await client('2025-11-25'), await client('2025-06-18'), await client('2025-06-18')
  ]
  const saying = async (versioned: string | undefined): Promise<string> =>
    said((await older.post(older.doing('version'), { 'mcp-protocol-version': versioned })).json)
  t.equal(await saying(undefined), '2025-03-26', 'the one that MCP says to assume')
  t.equal(await saying('2025-11-25'), '2025-03-26', 'once')
  t.equal((await newer.get()).status, 200, 'a stream before it')
  t.equal(said((await newer.do('version')).json), '2025-11-25')
  t.match(await sessions.get({ id: newer.id as string, principal: null }), {
    state: { client: { name: 'unknown' }, handshake: { initialized: true, initialize: { capabilities: {} } } }
  })
  const made = f.made.length
  t.strictSame((await Promise.all([twice.do('version'), twice.do('version')])).map(({ json }) => said(json)), [
    '2025-06-18', '2025-06-18'
  ])
  t.equal(f.made.length, made + 1)
  t.equal(f.made.at(-1)?.initialized, 1)
  t.equal((await quiet.notify('notifications/initialized')).status, 202)
  t.equal((await quiet.delete()).status, 200)
  t.equal((await quiet.do('hello')).status, 404)
})

t.test('while sessions may be missing, an unknown id is no 404', async (t) => {
  let away = true
  const snapshot: SnapshotStore = {
    read: async () => {
      if (away) throw new Error('the volume is not there')
      return undefined
    },
    write: async () => {},
    mayRevive: true
  }
  const f = await fleet(t, { scripts, sessions: { snapshot } })
  const [client, absent] = [await f.client().begin(), f.client()]
  absent.id = 'x'
  await t.rejects(f.first.sessions.restoreSessionState(), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
  for (const received of [
    await absent.do('hello', 7), await absent.notify('x'), await absent.get(), await absent.delete()
  ]) {
    t.equal(received.status, 503)
    t.equal(received.headers['retry-after'], '5')
    t.match(received.json.error, { code: -32000, message: /try again/ })
  }
  t.equal((await absent.do('hello', 7)).json.id, 7)
  t.equal(said((await client.do('hello')).json), 'hi')
  away = false
  await f.first.sessions.restoreSessionState()
  t.equal((await absent.do('hello')).status, 404)
})

t.test('a missing key is a 503 everywhere, and a broken seal a 404 like any other', async (t) => {
  const codec = turning()
  const f = await fleet(t, { replicas: 2, scripts, sessions: { codec } })
  const client = await f.client().begin()
  const there = client.at(f.second.endpoint)
  const absent = f.client()
  absent.id = 'x'
  codec.refuse = () => new HoldfastError('HOLDFAST_KEY_UNAVAILABLE')
  for (const received of [
    await there.do('hello'), await there.notify('x'), await there.get(), await there.get('standalone.0')
  ]) {
    t.equal(received.status, 503)
    t.equal(received.headers['retry-after'], '5')
  }
  codec.refuse = () => new Error('the tag does not fit')
  t.strictSame((await there.do('hello', 1)).reply, (await absent.do('hello', 1)).reply)
  t.strictSame((await there.get()).reply, (await absent.get()).reply)
  codec.refuse = () => undefined
  t.equal(said((await there.do('hello')).json), 'hi')
  t.strictSame([...f.first.errors, ...f.second.errors], [])
})

t.test('an event whose key is missing waits, and one with a broken seal is lost', async (t) => {
  const codec = turning()
  const f = await fleet(t, { scripts, sessions: { codec } })
  const client = await f.client().begin()
  const { events } = await client.do('talk', 'call')
  for (let count = 0; count < 3; count++) await events.message()
  const unreadable: unknown[] = []
  f.first.sessions.on('unreadable', ({ kind, owner, key }) => { unreadable.push([kind, owner, key]) })
  const ids = events.seen.flatMap(({ id, data }) => data === undefined || data === '' || id === undefined ? [] : [id])
  const start = String(ids[0]).replace(/\d+$/, '0')
  const resumed = async (from: string): Promise<unknown[]> => {
    const { events } = await client.get(from)
    const messages = []
    for (let next = await events.message(); next !== undefined; next = await events.message()) {
      messages.push(next.params?.data ?? next.error?.message ?? said(next))
    }
    return messages
  }
  codec.refuse = text => text.includes('"two"') ? new HoldfastError('HOLDFAST_KEY_UNAVAILABLE') : undefined
  t.equal((await client.get(start)).status, 503)
  codec.refuse = text => text.includes('"two"') ? new Error('the tag does not fit') : undefined
  t.match(await resumed(start), ['one', /lost/])
  t.match(await resumed(ids[0] as string), [/lost/])
  t.strictSame(await resumed(ids[1] as string), ['done'])
  codec.refuse = text => text.includes('"ids"') ? new Error('the tag does not fit') : undefined
  t.strictSame(await resumed(start), ['one', 'two', 'done'])
  t.same(new Set(unreadable.map(String)).size, 1)
  t.match(unreadable[0], ['event', undefined, /./])
  codec.refuse = () => undefined
  await client.do('announce')
  await client.do('announce')
  let count = 0
  codec.refuse = text => text.includes('news') && count++ === 0 ? new Error('the tag does not fit') : undefined
  const standalone = await client.get('standalone.0')
  t.match(await standalone.events.message(), { params: { data: 'news' } })
})
