import t, { type Test } from 'tap'
import type { CreateServer, HeldServer } from '../dist/index.js'
import type { Client, Received } from './fixtures/client.js'
import { type Fleet, fleet } from './fixtures/fleet.js'
import { Gate, turns } from '@holdfast/waiting'
import { type Made, type Scripts, fixtureServer } from './fixtures/server.js'

/** A server that throws at messages that say so, before it takes them, and never answers one that is lost. */
function brittle (make: CreateServer): CreateServer {
  return async (session, shared) => {
    const { server, dispose } = await make(session, shared) as Required<HeldServer>
    return {
      dispose,
      server: {
        close: async () => await server.close(),
        connect: async transport => {
          await server.connect(transport)
          const { onmessage } = transport
          transport.onmessage = (message: { method?: string, params?: { uri?: string } }, extra: unknown) => {
            if (message.method?.endsWith('throw') === true) throw new Error('the server threw')
            if (message.params?.uri !== 'lost:') onmessage(message, extra)
          }
        }
      }
    }
  }
}

interface Scene { f: Fleet, client: Client }

interface Point { status: number, run: (scene: Scene) => Promise<Received> }

/** Where a request can fail once its live session was found: how it fails there, and with which status. */
const POINTS: Record<string, Point> = {
  'the backend fails when the session is looked up': {
    status: 503,
    run: async ({ f, client }) => {
      f.first.weather.failing.add('records.touch')
      return await client.do('nothing')
    }
  },
  'the server does not learn in time what its client set elsewhere': {
    status: 503,
    run: async ({ f, client }) => {
      const session = await f.first.sessions.open(client.id as string, null)
      await session?.change(state => ({ ...state, replay: { subscriptions: ['lost:'] } }))
      return await client.do('nothing')
    }
  },
  'the framework throws when it hears of the session': {
    status: 500,
    run: async ({ client }) => {
      const call = client.inbound(client.doing('nothing'))
      call.found = () => { throw new Error('the framework threw') }
      return await client.send(call)
    }
  },
  'the request is refused': {
    status: 400,
    run: async ({ client }) => await client.post([client.doing('nothing'), client.doing('nothing')])
  },
  'the server throws at a request': {
    status: 500,
    run: async ({ client }) => await client.post(client.request('throw'))
  },
  'the server throws at a notification': {
    status: 500,
    run: async ({ client }) => await client.notify('notifications/throw')
  },
  'the tool throws': {
    status: 200,
    run: async ({ client }) => await client.do('throw')
  },
  'what a call changed cannot be stored': {
    status: 503,
    run: async ({ f, client }) => {
      f.first.weather.failing.add('records.replace')
      return await client.post(client.request('logging/setLevel', { level: 'error' }))
    }
  },
  'an answer cannot be passed on': {
    status: 503,
    run: async ({ f, client }) => {
      f.first.weather.failing.add('bus.publish')
      return await client.answer('0123456789abcdef.1')
    }
  },
  'the stream cannot be opened': {
    status: 503,
    run: async ({ f, client }) => {
      f.first.weather.failing.add('events.readAfter')
      return await client.get()
    }
  }
}

/** Another session gets the only place there is. */
async function isMadeDormant (t: Test, f: Fleet, made: Made | undefined): Promise<void> {
  f.first.weather.failing.clear()
  t.equal((await f.client({ subject: 'other' }).initialize()).status, 200, 'the place is free')
  t.same(made?.disposed, ['dormant'])
}

const scripts: Scripts = { throw: () => { throw new Error('the tool threw') } }

for (const [name, { status, run }] of Object.entries(POINTS)) {
  t.test(`a session can be made dormant after this: ${name}`, async (t) => {
    const made: Made[] = []
    const f = await fleet(t, { maxLive: 1, factoryTimeout: 200, createServer: brittle(fixtureServer(scripts, made)) })
    const client = await f.client().begin()
    t.equal((await run({ f, client })).status, status)
    t.equal(f.first.endpoint.liveCount, 1)
    await isMadeDormant(t, f, made[0])
  })
}

for (const name of [
  'the framework throws when it hears of the session', 'the server throws at a request',
  'the server throws at a notification'
]) {
  t.test(`a session that a request made live can be made dormant after this: ${name}`, async (t) => {
    const made: Made[] = []
    const f = await fleet(t, { maxLive: 1, createServer: brittle(fixtureServer(scripts, made)) })
    const client = await f.client().begin()
    await f.client().initialize()
    const { status, run } = POINTS[name] as Point
    t.equal((await run({ f, client })).status, status)
    t.same(made[2]?.session.activated, true)
    await isMadeDormant(t, f, made[2])
  })
}

t.test('a session can be made dormant after requests that waited for its server in vain', async (t) => {
  const made: Made[] = []
  const make = fixtureServer(scripts, made)
  let works = true
  const f = await fleet(t, {
    maxLive: 1,
    createServer: (session, shared) => {
      if (works) return make(session, shared)
      throw new Error('the factory threw')
    }
  })
  const client = await f.client().begin()
  await f.client().initialize()
  works = false
  for (const { status } of await Promise.all([client.do('nothing'), client.do('nothing')])) t.equal(status, 500)
  works = true
  t.equal((await client.do('nothing')).status, 200)
  await isMadeDormant(t, f, made.at(-1))
})

t.test('a call that waited in vain for its owner\'s share leaves its session once', async (t) => {
  const gate = new Gate()
  let release = (): void => {}
  const f = await fleet(t, {
    maxLive: 2,
    scripts: { wait: async () => { await gate.passed }, hold: ({ session }) => { release = session.hold() } }
  })
  const [busy, waiting] = [await f.client({ subject: 'a' }).begin(), await f.client({ subject: 'a' }).begin()]
  const call = busy.do('wait')
  await turns()
  t.equal((await waiting.do('nothing')).status, 503)
  gate.open()
  t.equal((await call).status, 200)
  t.equal((await waiting.do('hold')).status, 200)
  for (const subject of ['b', 'c']) await f.client({ subject }).begin()
  t.same(f.made[1]?.disposed, [], 'it stays while it is held')
  release()
  for (const subject of ['d', 'e']) await f.client({ subject }).begin()
  t.same(f.made[1]?.disposed, ['dormant'])
})

t.test('a session can be made dormant after a call that waited for its owner\'s share', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { maxLive: 2, scripts: { wait: async () => { await gate.passed } } })
  const [busy, waiting] = [await f.client({ subject: 'a' }).begin(), await f.client({ subject: 'a' }).begin()]
  const calls = [busy.do('wait'), waiting.do('wait')]
  await turns()
  gate.open()
  for (const { status } of await Promise.all(calls)) t.equal(status, 200)
  for (const subject of ['b', 'c']) await f.client({ subject }).begin()
  t.same(f.made.slice(0, 2).map(({ disposed }) => disposed), [['dormant'], ['dormant']])
})
