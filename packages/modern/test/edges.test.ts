import { randomBytes } from 'node:crypto'
import t from 'tap'
import { type Codec, isHoldfastError } from '@holdfast/core'
import { ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { missingFor } from '../dist/bridge/client-capabilities.js'
import { serverParams } from '../dist/bridge/server-request.js'
import { endOrphan } from '../dist/parked/remote-call.js'
import { Story } from '../dist/parked/story.js'
import { CallLog } from '../dist/parked/call-log.js'
import { sealState } from '../dist/parked/call-state.js'
import { bindingOf } from '../dist/request-binding.js'
import { ADA, type Replica, fleet, retryOf, sealing } from './fixtures/bridge-fleet.js'
import { FakeCall } from './fixtures/fake-call.js'
import { Gate, eventually } from '@holdfast/waiting'
import { type Scripts, accepted, ask, say, text, v1 } from './fixtures/servers.js'

const answer = { who: accepted('me') }
const GONE = { error: { code: -32603, message: 'The process that ran this call has ended; call again' } }
const one: Scripts = { one: async scene => (await ask(scene, 'Who?', 'who')).content.value }
const UNLIMITED = { maxRecords: Infinity, maxPerOwner: Infinity }

const logOf = ({ sessions }: Replica): CallLog => new CallLog(sessions, 60_000, UNLIMITED)

/** A codec that cannot seal what is of this kind. */
function without (kind: string): Codec {
  const { codec } = sealing()
  return {
    ...codec,
    seal: (plaintext, place) => {
      if (place.kind === kind) throw new Error('no seal')
      return codec.seal(plaintext, place)
    }
  }
}

/** Handlers that wait until they are cancelled. */
function forever (): { scripts: Scripts & { waits: any }, reached: Gate } {
  const reached = new Gate()
  const wait = async ({ extra }: any): Promise<void> => {
    scripts.waits++
    reached.open()
    await new Promise<void>(resolve => extra.signal.addEventListener('abort', () => resolve()))
  }
  const scripts: any = {
    waits: 0,
    wait,
    ask: async (scene: any) => {
      await ask(scene, 'Who?', 'who')
      await wait(scene)
    }
  }
  return { scripts, reached }
}

async function onlyKey ({ sessions }: Replica): Promise<string> {
  const { heads: [head] } = await sessions.vault.backend.partition('calls').records.listHeads({ limit: 1 })
  return head?.key as string
}

t.test('a server that throws at a request has not accepted it', async (t) => {
  const { first } = await fleet(t, {
    createServer: () => {
      const server = new McpServer({ name: 'x', version: '1' })
      return {
        connect: async (transport: any) => {
          await server.connect(transport)
          const { onmessage } = transport
          transport.onmessage = (message: any, extra: any) => {
            if (/call|initialized/.test(message.method)) throw new Error('no')
            onmessage(message, extra)
          }
        },
        close: async () => { await server.close() }
      }
    }
  })
  t.match(await first.do('x', { principal: ADA }), { status: 500 })
  await eventually(() => first.bridge.liveCount === 0)
  t.match(first.errors, [{ message: 'no' }], 'at a notification it is reported')
})

t.test('a server that cannot be connected again, and whose dispose fails', async (t) => {
  const { first } = await fleet(t, {
    createServer: () => {
      const server = new McpServer({ name: 'x', version: '1' })
      let connected = 0
      return {
        server: {
          connect: async (transport: any) => {
            if (++connected > 1) throw new Error('once only')
            await server.connect(transport)
          },
          close: async () => { await server.close() }
        },
        dispose: () => { throw new Error('cannot let go') }
      }
    }
  })
  t.match(await first.do('x'), { error: { code: -32601 } })
  await eventually(() => first.errors.length === 1)
  t.match(first.errors, [{ message: 'cannot let go' }])
})

t.test('a second question that the client did not declare', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({
      both: async scene => {
        await ask(scene, 'Who?', 'who')
        await scene.server.server.listRoots(undefined, { relatedRequestId: scene.extra.requestId })
      }
    })
  })
  const capabilities = { elicitation: {} }
  const asked = await first.do('both', { capabilities })
  t.match(await first.do('both', { capabilities, ...retryOf(asked, answer) }), {
    error: { code: -32021, data: { requiredCapabilities: { roots: {} } } }, status: 400
  })
  t.equal(first.bridge.parkedCount, 0)
})

t.test('a story that is longer than the backend keeps', async (t) => {
  const { first, second } = await fleet(t, {
    replicas: 2,
    memory: { maxEntries: 2 },
    createServer: v1({
      long: async scene => {
        for (const key of ['a', 'b', 'c']) await ask(scene, key, key)
        return 'done'
      }
    })
  })
  let outcome = await first.do('long')
  const rounds = []
  for (const key of ['a', 'b', 'c']) {
    rounds.push([outcome, key] as const)
    outcome = await first.do('long', retryOf(outcome, { [key]: accepted(key) }))
  }
  t.equal(text(outcome), 'done')
  const [last, key] = rounds.at(-1) as [any, string]
  t.equal(text(await second.do('long', retryOf(last, { [key]: accepted('x') }))), 'done')
})

t.test('a story that cannot be opened', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
  const unreadable: unknown[] = []
  second.sessions.on('unreadable', ({ kind, error }) => { unreadable.push([kind, isHoldfastError(error)]) })
  const asked = await first.do('one')
  const { events } = first.sessions.vault.backend.partition('calls')
  const [stream] = await events.streams([await onlyKey(first)])
  await events.reseal({ ...stream as any, entries: [Buffer.from('junk')] })
  t.match(await second.do('one', retryOf(asked)), { error: { data: { reason: 'invalid_request_state' } } })
  t.same(unreadable, [['event', true]])
})

t.test('a call that another replica has ended', async (t) => {
  let aborted = 0
  const { first, second } = await fleet(t, {
    replicas: 2,
    createServer: v1({
      one: async scene => {
        scene.extra.signal.addEventListener('abort', () => { aborted++ })
        return await one.one?.(scene)
      }
    })
  })
  const asked = await first.do('one')
  await logOf(second).append(await onlyKey(first), [{ end: GONE }])
  t.match(await first.do('one', retryOf(asked, answer)), GONE)
  t.match(await second.do('one', retryOf(asked, answer)), GONE)
  t.ok(aborted <= 1)
  t.equal(first.bridge.parkedCount, 0)
})

t.test('a story that grew otherwise than was said', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
  const asked = await first.do('one')
  await logOf(second).append(await onlyKey(first), [{ withdrawn: 'nothing' }])
  t.equal(text(await first.do('one', retryOf(asked, answer))), 'me')
})

t.test('a story whose record has gone', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one) })
  const asked = await first.do('one')
  await first.sessions.vault.backend.partition('calls').records.remove(await onlyKey(first))
  t.ok('result' in await first.do('one', retryOf(asked, answer)), 'its handler still answers who waits')
  t.equal(first.bridge.parkedCount, 0)
  let aborted = false
  const slow = await fleet(t, {
    createServer: v1({
      slow: async scene => {
        await ask(scene, 'Who?', 'who')
        await new Promise<void>(resolve => scene.extra.signal.addEventListener('abort', () => resolve()))
        aborted = true
      }
    })
  })
  const again = await slow.first.do('slow')
  await slow.first.sessions.vault.backend.partition('calls').records.remove(await onlyKey(slow.first))
  t.match(await slow.first.do('slow', retryOf(again, answer)), GONE, 'one that takes its time cannot go on')
  await eventually(() => aborted)
  const story = new Story()
  await endOrphan({ append: async () => 'gone', refresh: async () => false } as never, '' as never, story)
  t.same(story.entries, [{ end: GONE }])
})

t.test('a record that goes while a retry waits elsewhere', async (t) => {
  const { scripts, reached } = forever()
  const { first, second } = await fleet(t, { replicas: 2, heartbeat: 20, createServer: v1(scripts) })
  const asked = await first.do('ask')
  first.backend.losing = true
  const waiting = second.do('ask', retryOf(asked, answer))
  await reached.passed
  await first.sessions.vault.backend.partition('calls').records.remove(await onlyKey(first))
  t.match(await waiting, GONE)
})

t.test('records of calls that are over are removed', async (t) => {
  const { first } = await fleet(t, { parkTimeout: 40, createServer: v1(one) })
  const { records } = first.sessions.vault.backend.partition('calls')
  await first.do('one')
  const key = await onlyKey(first)
  first.backend.failing.add('records.claimExpired')
  await eventually(() => first.backend.claims > 0)
  first.backend.failing.clear()
  await eventually(() => first.backend.claims > 1)
  t.same(first.errors, [], 'an outage is no defect')
  t.equal(await records.read(key as never), undefined)
})

t.test('a story that cannot be sealed', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one), codec: without('event') })
  t.match(await first.do('one'), { status: 500 })
  t.match(first.errors, [{ message: 'no seal' }])
  t.equal(first.bridge.parkedCount, 0)
})

t.test('a story under a key that is away', async (t) => {
  const { codec, keyring } = sealing()
  const spec = (id: string): any => ({ id, key: randomBytes(32).toString('base64') })
  const { first } = await fleet(t, { codec, createServer: v1(one) })
  const old = spec('k2')
  keyring.replace([old])
  const asked = await first.do('one')
  keyring.replace([spec('k3'), old])
  t.equal(text(await first.do('one', retryOf(asked, answer))), 'me')
  keyring.replace([old])
  t.match(await first.do('one', retryOf(asked, answer)), { status: 503, error: { code: -32603 } })
})

t.test('a call that is cancelled twice', async (t) => {
  const { scripts, reached } = forever()
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const running = first.begin({ name: 'do', arguments: { what: 'wait' } })
  await reached.passed
  running.leave()
  running.leave()
  await eventually(() => first.bridge.liveCount === 0)
  const asked = await first.do('ask')
  const retry = first.begin({ name: 'do', arguments: { what: 'ask' }, ...retryOf(asked, answer) })
  await eventually(() => scripts.waits === 2)
  retry.leave()
  retry.leave()
  await eventually(() => first.bridge.parkedCount === 0)
  t.same(first.errors, [])
})

t.test('a message for a reader that has gone', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
  await first.do('one')
  const key = await onlyKey(first)
  const message = { type: 'call-unknown', key, from: second.name }
  t.doesNotThrow(() => first.bridge.fleetHandlers['call-unknown']?.(message as never))
  t.equal(first.bridge.parkedCount, 1)
})

t.test('what is missing in a question or a request', (t) => {
  for (const method of ['constructor', 'new/method']) t.equal(missingFor([{ method }], {}), undefined)
  const call = { request: { method: 'tools/list', params: { cursor: 'x' } }, meta: {} }
  t.same(serverParams(call as never), { cursor: 'x' })
  t.end()
})

t.test('storage that takes nothing while a retry waits elsewhere', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, heartbeat: 60, createServer: v1(one) })
  const asked = await first.do('one')
  first.backend.failing.add('events.append')
  const waiting = second.do('one', retryOf(asked, answer))
  await new Promise(resolve => setTimeout(resolve, 50))
  first.backend.failing.clear()
  t.equal(text(await waiting), 'me')
})

t.test('storage that does not answer while a retry waits elsewhere', async (t) => {
  const { first, second } = await fleet(t, {
    replicas: 2,
    heartbeat: 60,
    createServer: v1({
      stuck: async scene => {
        await ask(scene, 'Who?', 'who')
        await new Promise(() => {})
      }
    })
  })
  const asked = await first.do('stuck')
  const waiting = second.do('stuck', retryOf(asked, answer))
  await new Promise(resolve => setTimeout(resolve, 20))
  second.backend.down = true
  t.match(await waiting, { status: 503 })
})

t.test('a message that is lost between two others', async (t) => {
  const go = new Gate()
  const { first, second } = await fleet(t, {
    replicas: 2,
    createServer: v1({
      loud: async scene => {
        await ask(scene, 'Who?', 'who')
        await say(scene, 'lost')
        await new Promise(resolve => setTimeout(resolve, 20))
        go.open()
        await new Promise(resolve => setTimeout(resolve, 20))
        return 'done'
      }
    })
  })
  const asked = await first.do('loud')
  first.backend.losing = true
  const retry = second.begin({ name: 'do', arguments: { what: 'loud' }, logLevel: 'info', ...retryOf(asked, answer) })
  await go.passed
  first.backend.losing = false
  t.equal(text(await retry.outcome), 'done')
  t.equal(retry.notes.length, 1)
})

t.test('a story that nobody goes on with, in the replica that its state names', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one) })
  const log = logOf(first)
  const located = log.locate('call', null)
  const params = { name: 'do', arguments: { what: 'one' } }
  const request = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params }
  const binding = bindingOf('', request)
  await log.create(located)
  await log.append(located.key, [{ ask: 'who', request: { method: 'roots/list' } }], { binding, serverInfo: {} })
  const requestState = await sealState(first.sessions.vault.codec, binding, {
    call: 'call', replica: first.name, position: 1, expires: Date.now() + 60_000
  })
  t.match(await first.do('one', { params: { requestState, inputResponses: answer } }), GONE)
})

t.test('a process that ends while a retry runs in it', async (t) => {
  const reached = new Gate()
  const { first } = await fleet(t, {
    createServer: v1({
      stuck: async scene => {
        await ask(scene, 'Who?', 'who')
        reached.open()
        await new Promise(() => {})
      }
    })
  })
  const asked = await first.do('stuck')
  const retry = first.begin({ name: 'do', arguments: { what: 'stuck' }, ...retryOf(asked, answer) })
  await reached.passed
  retry.leave('closing')
  t.match(await first.do('stuck', retryOf(asked, answer)), GONE)
})

t.test('a client that goes away before its retry is looked at', async (t) => {
  for (const elsewhere of [false, true]) {
    const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
    const replica = elsewhere ? second : first
    const asked = await first.do('one')
    const retry = replica.begin({ name: 'do', arguments: { what: 'one' }, ...retryOf(asked, answer) })
    retry.leave()
    await new Promise(resolve => setTimeout(resolve, 20))
    t.equal(retry.ends, 0)
    if (!elsewhere) t.equal(text(await first.do('one', retryOf(asked, answer))), 'me', 'its call waits')
  }
})

t.test('a state that cannot be sealed', async (t) => {
  const { first } = await fleet(t, { createServer: v1(one), codec: without('call') })
  t.match(await first.do('one'), { status: 500 })
})

t.test('a list of tools without end', async (t) => {
  let lists = 0
  const { first } = await fleet(t, {
    createServer: v1({}, [], server => {
      server.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [], nextCursor: `${++lists}` }))
    })
  })
  t.equal(await first.bridge.inputSchema(new FakeCall({ name: 'do' }), 'do'), undefined)
  t.equal(lists, 100)
})

t.test('callers whose schemas are kept are bounded', async (t) => {
  let lists = 0
  const { first } = await fleet(t, {
    maxLive: 8,
    createServer: v1({}, [], server => {
      server.server.setRequestHandler(ListToolsRequestSchema, () => {
        lists++
        return { tools: [] }
      })
    })
  })
  const schema = async (subject: string): Promise<void> => {
    await first.bridge.inputSchema(new FakeCall({ name: 'do', principal: { subject } }), 'do')
  }
  for (let count = 0; count < 1_001; count++) await schema(`u${count}`)
  t.equal(lists, 1_001)
  await schema('u1')
  t.equal(lists, 1_001)
  await schema('u0')
  t.equal(lists, 1_002, 'the oldest is asked again')
})

t.test('a process that ends while a call waits for a place', async (t) => {
  const gate = new Gate()
  let running = 0
  const { first } = await fleet(t, {
    maxLive: 1,
    createServer: v1({
      slow: async () => {
        running++
        await gate.passed
      }
    })
  })
  const slow = first.begin({ name: 'do', arguments: { what: 'slow' }, principal: ADA })
  await eventually(() => running === 1)
  const waiting = first.do('slow')
  await new Promise(resolve => setTimeout(resolve, 10))
  await first.bridge.close()
  t.match(await waiting, { status: 503, error: { message: 'Shutting down, try again' } })
  slow.leave('closing')
  gate.open()
})

t.test('a process that ends while a server is made', async (t) => {
  const gate = new Gate()
  const make = v1({})
  const { first } = await fleet(t, {
    createServer: async (...given) => {
      await gate.passed
      return await make(...given)
    }
  })
  const waiting = first.do('x')
  await eventually(() => first.bridge.liveCount === 1)
  const closed = first.bridge.close()
  gate.open()
  t.match(await waiting, { status: 503, error: { message: 'Shutting down, try again' } })
  await closed
  t.equal(first.bridge.liveCount, 0)
})

t.test('a handler that works on a call that another replica has ended is cancelled', async (t) => {
  let aborted = 0
  const reached = new Gate()
  const { first, second } = await fleet(t, {
    replicas: 2,
    createServer: v1({
      stuck: async scene => {
        await ask(scene, 'Who?', 'who')
        scene.extra.signal.addEventListener('abort', () => { aborted++ })
        reached.open()
        await new Promise(() => {})
      }
    })
  })
  const asked = await first.do('stuck')
  await logOf(second).append(await onlyKey(first), [{ end: GONE }])
  t.match(await first.do('stuck', retryOf(asked, answer)), GONE)
  await reached.passed
  await eventually(() => aborted === 1)
  t.equal(first.bridge.liveCount, 0)
})

t.test('attempts that wait for one call are bounded', async (t) => {
  const go = new Gate()
  const { first, second } = await fleet(t, {
    replicas: 2,
    heartbeat: 100,
    createServer: v1({
      slow: async scene => {
        await ask(scene, 'Who?', 'who')
        await go.passed
        return 'done'
      }
    })
  })
  const asked = await first.do('slow')
  const retries = Array.from({ length: 100 }, () =>
    first.begin({ name: 'do', arguments: { what: 'slow' }, ...retryOf(asked, answer) }))
  await new Promise(resolve => setTimeout(resolve, 20))
  t.match(await first.do('slow', retryOf(asked, answer)), { status: 503, retryAfter: 5 })
  const elsewhere = second.do('slow', retryOf(asked, answer))
  await new Promise(resolve => setTimeout(resolve, 20))
  go.open()
  for (const retry of retries) t.equal(text(await retry.outcome), 'done')
  t.equal(text(await elsewhere), 'done', 'from the log')
})

t.test('answers to a call that has ended, but could not store that', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({
      race: async scene => {
        await Promise.race([ask(scene, 'A?', 'a'), ask(scene, 'B?', 'b').catch(() => {})])
        return 'done'
      }
    })
  })
  const asked = await first.do('race')
  first.backend.failing.add('events.append')
  t.match(await first.do('race', retryOf(asked, { a: accepted('1') })), { status: 503 })
  t.match(await first.do('race', retryOf(asked, { b: accepted('2') })), { status: 503 })
  first.backend.failing.clear()
  t.equal(text(await first.do('race', retryOf(asked, { a: accepted('1'), b: accepted('2') }))), 'done')
})
