import { ElicitResultSchema, PingRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { said } from './fixtures/client.js'
import { fleet } from './fixtures/fleet.js'
import { Gate, turns } from '@holdfast/waiting'
import { type Scene, type Scripts, say } from './fixtures/server.js'

const plain: Scripts = {
  hello: () => 'hi',
  fail: () => { throw new Error('tool failed') },
  talk: async scene => {
    await say(scene, 'one')
    await say(scene, 'two')
    return 'done'
  }
}

const logged = (messages: any[]): unknown[] =>
  messages.map(({ params, result }) => params?.data ?? result.content[0].text)

t.test('auto: a call that says nothing before its result is answered with JSON', async (t) => {
  const client = await (await fleet(t, { scripts: plain })).client().begin()
  const received = await client.do('hello', 7)
  t.equal(received.headers['content-type'], 'application/json')
  t.same(received.json, { jsonrpc: '2.0', id: 7, result: { content: [{ type: 'text', text: 'hi' }] } })
  t.equal((await client.do('fail')).json.result.isError, true)
  t.equal((await client.post(client.request('no/such'))).json.error.code, -32601)
})

t.test('auto: a call that says something becomes a stream of all it says, in order', async (t) => {
  const client = await (await fleet(t, { scripts: plain })).client().begin()
  const received = await client.do('talk')
  t.ok(received.isStream)
  t.same(logged(await received.events.rest()), ['one', 'two', 'done'])
  const [priming, ...messages] = received.events.seen
  t.match(priming, { id: /\.0$/, retry: '1000', data: '' })
  t.same(messages.map(({ id }) => id?.split('.').at(-1)), ['1', '2', '3'])
})

t.test('auto: older clients get no event without data', async (t) => {
  const f = await fleet(t, { scripts: plain })
  const client = f.client()
  client.version = '2025-06-18'
  await client.begin()
  const received = await client.do('talk')
  t.same(logged(await received.events.rest()), ['one', 'two', 'done'])
  t.same(received.events.seen[0], { retry: '1000' })
})

t.test('auto: a call that takes longer becomes a stream', async (t) => {
  const gate = new Gate()
  const client = await (await fleet(t, {
    streamAfter: 10,
    scripts: { slow: async () => { await gate.passed } }
  })).client().begin()
  const received = await client.do('slow')
  t.ok(received.isStream)
  t.match(await received.events.block(), { data: '' })
  gate.open()
  t.same(logged(await received.events.rest()), ['null'])
})

t.test('json: a call never streams; what it says comes on the standalone stream', async (t) => {
  const client = await (await fleet(t, { responseMode: 'json', streamAfter: 1, scripts: plain })).client().begin()
  const standalone = await client.get()
  const received = await client.do('talk')
  t.equal(said(received.json), 'done')
  t.equal((await standalone.events.message()).params.data, 'one')
  t.equal((await standalone.events.message()).params.data, 'two')
})

t.test('sse: every call is answered with a stream', async (t) => {
  const client = await (await fleet(t, { responseMode: 'sse', scripts: plain })).client()
  const initialized = await client.initialize()
  t.ok(initialized.isStream)
  t.ok(client.id)
  t.match(await initialized.events.rest(), [{ result: { serverInfo: { name: 'fixture' } } }])
  t.same(logged(await (await client.do('hello')).events.rest()), ['hi'])
  const received = await client.do('talk')
  t.same(logged(await received.events.rest()), ['one', 'two', 'done'])
})

for (const responseMode of ['auto', 'json', 'sse'] as const) {
  t.test(`${responseMode}: a server can ask its client during a call`, async (t) => {
    const ask: Scripts = {
      ask: async ({ server }) => (await server.server.elicitInput({
        message: '?', requestedSchema: { type: 'object', properties: {} }
      })).action,
      related: async ({ extra }) => (await extra.sendRequest({
        method: 'elicitation/create', params: { message: '?', requestedSchema: { type: 'object', properties: {} } }
      }, ElicitResultSchema)).action
    }
    const f = await fleet(t, { responseMode, scripts: ask })
    const client = await f.client().begin({ elicitation: {} })
    const standalone = await client.get()
    for (const what of ['ask', 'related']) {
      const call = client.do(what)
      const question = await (responseMode !== 'json' ? (await call).events : standalone.events).message()
      t.equal(question.method, 'elicitation/create')
      t.match(question.id, new RegExp(`^${f.first.name}\\.\\d+$`))
      t.equal((await client.answer(question.id, { action: 'accept' })).status, 202)
      t.equal((await client.answer(question.id, { action: 'accept' })).status, 400, 'once')
      const received = await call
      t.equal(said(received.isStream ? await received.events.message() : received.json), 'accept')
    }
    standalone.events.close()
  })
}

t.test('a batch is answered as a whole, in the order of the answers', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { scripts: { ...plain, slow: async () => { await gate.passed } } })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const reply = client.post([
    client.doing('slow', 1), client.doing('hello', 2), { jsonrpc: '2.0', method: 'notifications/x' }
  ])
  await turns()
  gate.open()
  t.same((await reply).json.map(({ id }: any) => id), [2, 1])
  t.same(
    (await client.post([client.doing('hello', 3)])).json.map(({ id }: any) => id), [3], 'a batch of one stays a batch'
  )
})

t.test('a batch that becomes a stream brings what was answered before', async (t) => {
  const f = await fleet(t, {
    scripts: {
      ...plain,
      late: async scene => {
        await turns()
        await say(scene, 'wait')
        return 'late'
      }
    }
  })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const { events } = await client.post([client.doing('late', 1), client.doing('hello', 2), client.doing('hello', 3)])
  t.same(logged(await events.rest()), ['hi', 'hi', 'wait', 'late'])
})

t.test('newer revisions have no batches', async (t) => {
  const client = await (await fleet(t, { scripts: plain })).client().begin()
  for (const version of ['2025-06-18', '2025-11-25']) {
    const { status, json } = await client.post([client.doing('hello')], { 'mcp-protocol-version': version })
    t.equal(status, 400)
    t.equal(json.error.code, -32600)
  }
})

t.test('an id can be used by one request at a time', async (t) => {
  const gate = new Gate()
  const client = await (await fleet(t, {
    scripts: { ...plain, slow: async () => { await gate.passed } }
  })).client().begin()
  const slow = client.do('slow', 'same')
  await turns()
  const { status, json } = await client.do('hello', 'same')
  t.equal(status, 400)
  t.equal(json.id, 'same')
  gate.open()
  t.equal((await slow).status, 200)
  t.equal((await client.do('hello', 'same')).status, 200)
})

t.test('an id that is taken while the rest of a batch is delivered stays taken', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { scripts: { ...plain, slow: async () => { await gate.passed } } })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const held = f.first.weather.hold('bus.publish')
  const batch = client.post([
    { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }, client.doing('hello', 'same')
  ])
  await held.reached
  const single = client.do('slow', 'same')
  await turns()
  held.release()
  t.equal((await batch).status, 400)
  gate.open()
  t.equal((await single).status, 200)
})

t.test('a call that is cancelled before anything was sent ends as an empty stream', async (t) => {
  let aborted: AbortSignal | undefined
  const client = await (await fleet(t, {
    scripts: {
      slow: async ({ extra }) => {
        aborted = extra.signal
        await new Promise(resolve => extra.signal.addEventListener('abort', resolve))
      }
    }
  })).client().begin()
  const reply = client.do('slow', 5)
  await turns()
  t.equal((await client.notify('notifications/cancelled', { requestId: 5 })).status, 202)
  const received = await reply
  t.ok(received.isStream)
  t.equal(received.text, '')
  t.equal(aborted?.aborted, true)
  t.equal((await client.notify('notifications/cancelled', { requestId: 5 })).status, 202, 'again')
})

t.test('a call that is cancelled while it streams ends its stream', async (t) => {
  const client = await (await fleet(t, {
    scripts: {
      slow: async scene => {
        await say(scene, 'begun')
        await new Promise(resolve => scene.extra.signal.addEventListener('abort', resolve))
      }
    }
  })).client().begin()
  const { events } = await client.do('slow', 5)
  t.equal((await events.message()).params.data, 'begun')
  await client.notify('notifications/cancelled', { requestId: 5 })
  t.same(await events.rest(), [])
  t.equal((await client.get(events.cursor)).status, 204)
})

t.test('sse: a call that is cancelled ends as a stream of its own', async (t) => {
  const client = await (await fleet(t, {
    responseMode: 'sse',
    scripts: {
      slow: async ({ extra }) => await new Promise(resolve => extra.signal.addEventListener('abort', resolve))
    }
  })).client().begin()
  const reply = client.do('slow', 5)
  await turns()
  await client.notify('notifications/cancelled', { requestId: 5 })
  const { events } = await reply
  t.same(await events.rest(), [])
  t.match(events.seen, [{ data: '', id: /\.0$/ }])
})

t.test('of a batch, what is not cancelled is answered', async (t) => {
  const f = await fleet(t, {
    scripts: {
      ...plain, slow: async ({ extra }) => await new Promise(resolve => extra.signal.addEventListener('abort', resolve))
    }
  })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const reply = client.post([client.doing('slow', 1), client.doing('slow', 2), client.doing('hello', 3)])
  await turns()
  for (const requestId of [1, 2]) await client.notify('notifications/cancelled', { requestId })
  t.same((await reply).json.map(({ id }: any) => id), [3])
})

t.test('a client that left before anything was sent gets no stream to lose', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    streamAfter: 5,
    scripts: {
      slow: async scene => {
        await gate.passed
        await say(scene, 'unheard')
        return 'done'
      }
    }
  })
  const client = await f.client().begin()
  const call = client.inbound(client.doing('slow'))
  call.gone = true
  const reply = client.send(call)
  await new Promise(resolve => setTimeout(resolve, 15))
  gate.open()
  const received = await reply
  t.notOk(received.isStream)
  t.equal(said(received.json), 'done')
})

t.test('a client that leaves a stream comes back for the rest', async (t) => {
  const gate = new Gate()
  const client = await (await fleet(t, {
    scripts: {
      slow: async scene => {
        await say(scene, 'one')
        await gate.passed
        await say(scene, 'two')
        return 'done'
      }
    }
  })).client().begin()
  const { events } = await client.do('slow')
  t.equal((await events.message()).params.data, 'one')
  events.close()
  await turns()
  gate.open()
  await turns()
  const again = await client.get(events.cursor)
  t.same(logged(await again.events.rest()), ['two', 'done'])
  t.equal((await client.get(again.events.cursor)).status, 204, 'nothing is left')
})

t.test('a handler can end its response early, and its client polls', async (t) => {
  const gate = new Gate()
  const client = await (await fleet(t, {
    scripts: {
      poll: async ({ extra }) => {
        extra.closeSSEStream?.()
        await gate.passed
        return 'done'
      },
      twice: async scene => {
        await say(scene, 'one')
        scene.extra.closeSSEStream?.()
        return 'done'
      },
      standalone: ({ extra }) => extra.closeStandaloneSSEStream?.()
    }
  })).client().begin()
  const { events } = await client.do('poll')
  t.same(await events.rest(), [])
  t.same(events.seen.map(({ retry }) => retry), ['1000', '1000'])
  t.notOk(events.cut)
  const again = await client.get(events.cursor)
  gate.open()
  t.same(logged(await again.events.rest()), ['done'])

  const both = await client.do('twice')
  const messages = await both.events.rest()
  const more = await client.get(both.events.cursor)
  t.same(logged([...messages, ...more.status === 204 ? [] : await more.events.rest()]), ['one', 'done'])

  const standalone = await client.get()
  await client.do('standalone')
  t.same(await standalone.events.rest(), [])
})

t.test('clients that know no such thing are not polled', async (t) => {
  for (const [version, responseMode] of [['2025-06-18', 'auto'], ['2025-11-25', 'json']] as const) {
    const f = await fleet(t, { responseMode, scripts: { ask: ({ extra }) => typeof extra.closeSSEStream } })
    const client = f.client()
    client.version = version
    await client.begin()
    t.equal(said((await client.do('ask')).json), 'undefined')
  }
})

t.test('what a call says after its answer goes to the standalone stream', async (t) => {
  const gate = new Gate()
  const client = await (await fleet(t, {
    scripts: {
      late: scene => {
        gate.passed.then(async () => await say(scene, 'late')).catch(t.threw)
        return 'done'
      }
    }
  })).client().begin()
  const { events } = await client.get()
  t.equal(said((await client.do('late')).json), 'done')
  gate.open()
  t.equal((await events.message()).params.data, 'late')
  events.close()
})

t.test('what a handler learns of its request', async (t) => {
  const seen: any[] = []
  const f = await fleet(t, { scripts: { look: ({ extra }) => { seen.push(extra) } } })
  const client = await f.client().begin()
  const call = client.inbound(client.doing('look'), { 'x-tenant': 'a', accept: ['a', 'b'] as any, ':authority': 'x' })
  Object.assign(call, { authInfo: { token: 'x', clientId: 'c', scopes: [] } })
  await client.send(call)
  const [{ authInfo, requestInfo, sessionId }] = seen
  t.equal(authInfo.clientId, 'c')
  t.equal(requestInfo.headers['x-tenant'], 'a')
  t.equal(requestInfo.url.href, 'http://replica.test/mcp')
  t.equal(sessionId, client.id)
})

t.test('a result that JSON cannot hold ends its call with an error', async (t) => {
  const errors: unknown[] = []
  const f = await fleet(t, {
    scripts: {
      big: ({ server }) => {
        server.server.onerror = error => errors.push(error)
        server.server.setRequestHandler(PingRequestSchema, () => ({ big: 1n }) as any)
      }
    }
  })
  const client = await f.client().begin()
  await client.do('big')
  const { status, json } = await client.post(client.request('ping', undefined, 9))
  t.equal(status, 500)
  t.same(json, { jsonrpc: '2.0', id: 9, error: { code: -32603, message: 'Internal error' } })
  await turns()
  t.match(errors, [{ message: /BigInt/ }], 'the server is told')
  t.equal((await client.post(client.request('ping', undefined, 9))).status, 500, 'the id is free again')
})

t.test('a request that cannot be kept fails its whole batch, and what still runs is let go', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { scripts: { slow: async () => { await gate.passed } } })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  f.first.weather.failing.add('records.replace')
  const { status, json } = await client.post([
    client.doing('slow', 1), client.request('logging/setLevel', { level: 'error' }, 2)
  ])
  t.equal(status, 503)
  t.equal(json.id, 1)
  f.first.weather.failing.clear()
  t.equal((await client.do('hello', 1)).status, 400, 'it still runs')
  const drained = f.first.endpoint.drain(10_000)
  gate.open()
  await drained
})

t.test('what a batch left running is given up at last', async (t) => {
  const f = await fleet(t, { scripts: { stuck: async () => await new Promise(() => {}) } })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  f.first.weather.failing.add('records.replace')
  t.equal(
    (await client.post([client.doing('stuck', 1), client.request('logging/setLevel', { level: 'error' }, 2)])).status,
    503
  )
  await f.first.endpoint.drain(1)
  await f.first.endpoint.close()
  t.equal(f.first.endpoint.liveCount, 0)
})

t.test('a request that is cancelled while its effect is kept gets no answer', async (t) => {
  const f = await fleet(t)
  const client = await f.client().begin()
  const held = f.first.weather.hold('records.replace')
  const reply = client.post(client.request('logging/setLevel', { level: 'error' }, 6))
  await held.reached
  await client.notify('notifications/cancelled', { requestId: 6 })
  t.equal((await reply).text, '')
  held.release()
  await turns()
  t.same(f.first.errors, [])
})

t.test('sse: older clients get the answer, and no event without data', async (t) => {
  const client = (await fleet(t, { responseMode: 'sse', scripts: plain })).client()
  client.version = '2025-06-18'
  await client.begin()
  const { events } = await client.do('hello')
  t.same(logged(await events.rest()), ['hi'])
  t.match(events.seen, [{ retry: '1000' }, { event: 'message' }])
  t.equal(events.seen.length, 2)
})

t.test('a server that throws at a message has not taken it', async (t) => {
  const f = await fleet(t, {
    createServer: () => ({
      connect: async transport => {
        transport.onmessage = (message: any) => {
          if (message.method !== 'initialize') throw new Error('not mine')
          transport.send({ jsonrpc: '2.0', id: message.id, result: { protocolVersion: '2025-11-25' } })
        }
      },
      close: async () => {}
    })
  })
  const client = f.client()
  await client.initialize()
  t.ok(client.id)
  const { status, json } = await client.post(client.request('ping', undefined, 3))
  t.equal(status, 500)
  t.match(json, { id: 3, error: { code: -32603, message: 'Internal error' } })
  t.match(f.first.errors, [{ message: 'not mine' }])
  t.equal((await client.post(client.request('ping', undefined, 3))).status, 500, 'the id is free again')
})

t.test('a question that names no call, while two run, comes on the stream that belongs to none', async (t) => {
  const gate = new Gate()
  const talk = async (scene: Scene): Promise<void> => { await say(scene, 'here'); await gate.passed }
  const f = await fleet(t, { scripts: { talk } })
  const client = await f.client().begin({ elicitation: {} })
  for (const { events } of [await client.do('talk'), await client.do('talk')]) await events.message()
  const { events } = await client.get()
  const asked = f.made[0]?.server.server.elicitInput({
    message: '?', requestedSchema: { type: 'object', properties: {} }
  })
  const { id, method } = await events.message()
  t.equal(method, 'elicitation/create')
  await client.answer(id, { action: 'decline' })
  t.match(await asked, { action: 'decline' })
  gate.open()
})
