import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { memory } from '@holdfast/memory'
import type { Backend } from '@holdfast/core'
import t, { type Test } from 'tap'
import type { HoldfastOptions } from '../dist/index.js'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, valueOf } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { type Tools, echo, elicit, say, serving } from './fixtures/tools.js'

interface Pair {
  a: Started
  b: Started
  backend: Backend
}

/** Two applications on one backend are two replicas in one process. */
async function pair (t: Test, tools: Tools = echo, options: Partial<HoldfastOptions> = {}): Promise<Pair> {
  const backend = memory()
  const replica = async (): Promise<Started> => await start(t, { backend, createServer: serving(tools), ...options })
  return { a: await replica(), b: await replica(), backend }
}

t.test('requests of one session alternate between replicas and see the same data', async t => {
  const { a, b } = await pair(t, {
    count: async ({ session }) => (await session.update(data => { data.total = Number(data.total ?? 0) + 1 })).total,
    where: ({ session }) => session.replica
  })
  const onA = await RawClient.open(a.url)
  const onB = onA.at(b.url)
  for (let n = 1; n <= 10; n++) t.equal(await (n % 2 === 0 ? onA : onB).call('count'), n)
  const totals = await Promise.all(Array.from({ length: 50 }, async (_, n) =>
    await (n % 2 === 0 ? onA : onB).call('count')))
  t.strictSame(totals.sort((x, y) => x - y), Array.from({ length: 50 }, (_, n) => n + 11), 'fifty at once, on both')
  t.not(await onA.call('where'), await onB.call('where'))
  t.equal(await a.app.mcpSessions.count(), 1)
})

t.test('an answer finds the replica that asked', async t => {
  const { a, b } = await pair(t, { ask: async call => await elicit(call, '?') })
  const onA = await RawClient.open(a.url, { capabilities: { elicitation: { form: {} } } })
  const onB = onA.at(b.url)
  for (const [here, there] of [[onA, onB], [onB, onA]] as const) {
    const stream = events(await here.start('ask'))
    const { message } = await nextMessage(stream)
    const answer = { jsonrpc: '2.0', id: message.id, result: { action: 'accept', content: {} } }
    t.equal((await there.post(answer)).status, 202)
    t.match(valueOf((await nextMessage(stream)).message), { action: 'accept' })
  }
  const gone = await onA.post({ jsonrpc: '2.0', id: '0123456789abcdef.1', result: {} })
  t.equal(gone.status, 400, 'a replica that is not there')
})

t.test('a cancel finds the call, and progress the question', async t => {
  const running = latch()
  const { a, b } = await pair(t, {
    wait: async ({ extra }) => {
      running.open()
      await new Promise(resolve => extra.signal.addEventListener('abort', resolve))
    }
  })
  const onA = await RawClient.open(a.url)
  const call = onA.start('wait')
  await running.opened
  t.equal((await onA.at(b.url).notify('notifications/cancelled', { requestId: 1 })).status, 202)
  t.strictSame(await allMessages(await call), [])
})

t.test('a session that one replica deletes is gone on all, streams included', async t => {
  const { a, b } = await pair(t)
  const onA = await RawClient.open(a.url)
  const onB = onA.at(b.url)
  await onB.call('echo')
  const [streamA, streamB] = [events(await onA.get()), events(await onB.get())]
  await Promise.all([streamA.next(), streamB.next()])
  t.equal((await onB.delete()).status, 200)
  t.equal((await streamA.next()).done, true)
  t.equal((await streamB.next()).done, true)
  t.equal((await onA.start('echo')).status, 404)
  t.equal((await onB.start('echo')).status, 404)
})

t.test('a stream is resumed on the other replica, live', async t => {
  const gate = latch()
  const { a, b } = await pair(t, {
    talk: async call => {
      await say(call, 1)
      await say(call, 2)
      await gate.opened
      await say(call, 3)
      return 'done'
    }
  })
  const onA = await RawClient.open(a.url)
  const away = new AbortController()
  const first = await nextMessage(events(await onA.start('talk', {}, away.signal)))
  away.abort()
  const resumed = events(await onA.at(b.url).resume(first.id as string))
  const heard = [await nextMessage(resumed)]
  gate.open()
  heard.push(await nextMessage(resumed), await nextMessage(resumed))
  t.strictSame(heard.map(({ message }) => message.params?.data ?? valueOf(message)), [2, 3, 'done'])
  t.equal((await resumed.next()).done, true)
  const finished = await onA.resume(heard[1]?.id as string)
  t.strictSame((await allMessages(finished)).map(valueOf), ['done'], 'and back, when it is over')
})

t.test('the standalone stream is wherever the client opened it last', async t => {
  const { a, b } = await pair(t, {
    announce: async ({ server, args }) => {
      await server.server.sendLoggingMessage({ level: 'info', data: args.text })
    }
  })
  const onA = await RawClient.open(a.url)
  const onB = onA.at(b.url)
  const old = events(await onA.get())
  await old.next()
  await onA.call('announce', { text: 1 })
  t.equal((await nextMessage(old)).message.params.data, 1)
  const newest = events(await onB.get())
  await newest.next()
  await onA.call('announce', { text: 2 })
  await onB.call('announce', { text: 3 })
  t.equal((await nextMessage(newest)).message.params.data, 2)
  t.equal((await nextMessage(newest)).message.params.data, 3)
  await Promise.all([old.return(), newest.return()])
})

t.test('what a client set on one replica holds on the other, also where the session is live already', async t => {
  const { a, b } = await pair(t, {
    ...echo,
    log: async ({ server, session }) => {
      for (const level of ['info', 'error'] as const) {
        await server.sendLoggingMessage({ level, data: level }, session.id)
      }
    }
  })
  const onA = await RawClient.open(a.url)
  const onB = onA.at(b.url)
  await onB.call('echo')
  const heard = events(await onA.get())
  const setLevel = { jsonrpc: '2.0', id: 'level', method: 'logging/setLevel', params: { level: 'error' } }
  t.match(await (await onA.post(setLevel)).json(), { result: {} })
  await onB.call('log')
  t.equal((await nextMessage(heard)).message.params.data, 'error')
  await onA.call('log')
  t.equal((await nextMessage(heard)).message.params.data, 'error')
  await heard.return()
})

t.test('a subscription holds on every replica, and so does its end', async t => {
  const backend = memory()
  const seen: string[] = []
  const replica = async (name: string): Promise<Started> => await start(t, {
    backend,
    createServer: (session, shared) => {
      const server = serving()(session, shared) as McpServer
      for (const schema of [SubscribeRequestSchema, UnsubscribeRequestSchema]) {
        server.server.setRequestHandler(schema, ({ method, params }) => {
          seen.push(`${name} ${method} ${params.uri}`)
          return {}
        })
      }
      return server
    }
  })
  const [a, b] = [await replica('a'), await replica('b')]
  const onA = await RawClient.open(a.url)
  const onB = onA.at(b.url)
  await onB.call('echo')
  const ask = async (client: RawClient, method: string, uri: string): Promise<void> => {
    const response = await client.post({ jsonrpc: '2.0', id: method + uri, method, params: { uri } })
    t.match(await response.json(), { result: {} })
  }
  await ask(onA, 'resources/subscribe', 'test://one')
  await ask(onB, 'resources/subscribe', 'test://two')
  await ask(onA, 'resources/unsubscribe', 'test://one')
  await onB.call('echo')
  t.strictSame(seen, [
    'a resources/subscribe test://one', 'b resources/subscribe test://one', 'b resources/subscribe test://two',
    'a resources/subscribe test://two', 'a resources/unsubscribe test://one', 'b resources/unsubscribe test://one'
  ])
})

t.test('a client that says initialized elsewhere has said it everywhere', async t => {
  const backend = memory()
  const initialized: string[] = []
  const replica = async (): Promise<Started> => await start(t, {
    backend,
    createServer: (session, shared) => {
      const server = serving()(session, shared) as any
      server.server.oninitialized = () => initialized.push(session.replica)
      return server
    }
  })
  const [a, b] = [await replica(), await replica()]
  const client = await RawClient.open(a.url)
  await client.at(b.url).call('echo')
  t.equal(new Set(initialized).size, 2)
  t.equal(initialized.length, 2)
})

t.test('whoever resumes a call of a replica that died hears that it may have run', async t => {
  const { a, b, backend } = await pair(t, {
    ...echo,
    hang: async call => {
      await say(call, 'begun')
      await new Promise(() => {})
    }
  }, { heartbeat: 100 })
  const onA = await RawClient.open(a.url)
  const stream = events(await onA.start('hang'))
  const first = await nextMessage(stream)
  const onB = onA.at(b.url)
  const waiting = events(await onB.resume(first.id as string))
  await waiting.next()
  // It neither announces itself nor hears anything any more, as a process that was killed.
  const dead = a.app.mcpSessions.fleet.replica
  const { announce } = backend.presence
  backend.presence.announce = async (replica, ttl) => {
    if (replica !== dead) await announce.call(backend.presence, replica, ttl)
  }
  await backend.presence.withdraw(dead)
  const interrupted = { id: 1, error: { code: -32000, message: /interrupted/ } }
  const { message } = await nextMessage(waiting)
  t.match(message, { ...interrupted, jsonrpc: '2.0' }, 'one that was waiting already')
  t.equal((await waiting.next()).done, true)
  t.match(await allMessages(await onB.resume(first.id as string)), [interrupted], 'one that comes later')
  t.strictSame(await onB.call('echo', { fine: true }), { fine: true }, 'the session itself goes on')
  await stream.return()
})

t.test('replicas of different namespaces have nothing to do with each other', async t => {
  const backend = memory()
  const one = await start(t, { backend, namespace: 'one' })
  const two = await start(t, { backend, namespace: 'two' })
  const client = await RawClient.open(one.url)
  t.equal((await client.at(two.url).get()).status, 404)
  t.equal((await client.at(two.url).delete()).status, 404)
  t.strictSame(await client.call('echo', {}), {})
})
