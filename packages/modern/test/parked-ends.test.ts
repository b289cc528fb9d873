import t from 'tap'
import { ADA, type FakeCall, BOB, type Replica, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { Gate, eventually } from '@holdfast/waiting'
import type { Made } from './fixtures/servers.js'
import { type Scripts, accepted, ask, text, v1 } from './fixtures/servers.js'

/** A handler that asks, and then works until it is cancelled or let on. */
function working (): { scripts: Scripts, aborted: string[], go: Gate, reached: Gate } {
  const aborted: string[] = []
  const go = new Gate()
  const reached = new Gate()
  const work: Scripts[string] = async ({ extra }) => {
    extra.signal.addEventListener('abort', () => aborted.push(String(extra.signal.reason)))
    reached.open()
    await Promise.race([go.passed, new Promise(resolve => extra.signal.addEventListener('abort', resolve))])
    return 'worked'
  }
  const scripts: Scripts = {
    work,
    asked: async scene => {
      await ask(scene, 'Who?', 'who')
      return await work(scene)
    }
  }
  return { scripts, aborted, go, reached }
}

const answer = { who: accepted('me') }
const begin = (replica: Replica, what: string, asked: object = {}): FakeCall =>
  replica.begin({ name: 'do', arguments: { what }, ...asked })

t.test('a client that goes away cancels its call', async (t) => {
  const { scripts, aborted, reached } = working()
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made) })
  const attempt = begin(first, 'work', { principal: ADA })
  await reached.passed
  attempt.leave()
  await eventually(() => aborted.length === 1)
  await eventually(() => made[0]?.disposed.length === 1)
  t.equal(first.bridge.liveCount, 0, 'the server is not used again')
})

for (const elsewhere of [false, true]) {
  const place = elsewhere ? 'elsewhere' : 'here'

  t.test(`a client that goes away during a retry cancels the call (${place})`, async (t) => {
    const { scripts, aborted, reached } = working()
    const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
    const replica = elsewhere ? second : first
    const asked = await first.do('asked')
    const retry = begin(replica, 'asked', retryOf(asked, answer))
    await reached.passed
    retry.leave()
    await eventually(() => aborted.length === 1)
    const again = await replica.do('asked', retryOf(asked, answer))
    t.match(again, { error: { code: -32603, message: 'The call was cancelled; it may have run in part' } })
    t.equal(first.bridge.liveCount, 0)
  })

  t.test(`while another attempt waits, the call goes on (${place})`, async (t) => {
    const { scripts, aborted, reached, go } = working()
    const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
    const replica = elsewhere ? second : first
    const asked = await first.do('asked')
    const one = begin(replica, 'asked', retryOf(asked, answer))
    await reached.passed
    const two = begin(first, 'asked', retryOf(asked, answer))
    await new Promise(resolve => setTimeout(resolve, 20))
    one.leave()
    await new Promise(resolve => setTimeout(resolve, 20))
    go.open()
    t.equal(text(await two.outcome), 'worked')
    t.same(aborted, [])
  })

  t.test(`a retry that takes too long (${place})`, async (t) => {
    const { scripts, aborted, reached } = working()
    const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
    const replica = elsewhere ? second : first
    const asked = await first.do('asked')
    const retry = begin(replica, 'asked', retryOf(asked, answer))
    await reached.passed
    retry.leave('timeout')
    await eventually(() => aborted.length === 1)
    t.equal(aborted.length, 1)
  })
}

t.test('where only the replica of a retry ends, the call goes on', async (t) => {
  const { scripts, aborted, reached, go } = working()
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  const asked = await first.do('asked')
  const retry = begin(second, 'asked', retryOf(asked, answer))
  await reached.passed
  retry.leave('closing')
  await new Promise(resolve => setTimeout(resolve, 10))
  go.open()
  t.equal(text(await first.do('asked', retryOf(asked, answer))), 'worked')
  t.same(aborted, [])
})

t.test('a client that goes away before it is asked', async (t) => {
  const aborted: unknown[] = []
  const { first } = await fleet(t, {
    createServer: v1({
      ask: async scene => {
        scene.extra.signal.addEventListener('abort', () => aborted.push(1))
        await ask(scene, 'Who?')
      }
    })
  })
  const attempt = begin(first, 'ask')
  await eventually(() => first.bridge.parkedCount === 1)
  attempt.leave()
  await eventually(() => first.bridge.parkedCount === 0)
  t.same(aborted, [1])
  t.same(first.backend.calls, [], 'nothing was stored')
})

t.test('a client that goes away when it has been asked', async (t) => {
  const { scripts, go } = working()
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const attempt = begin(first, 'asked')
  const asked = await attempt.outcome
  attempt.leave()
  go.open()
  t.equal(text(await first.do('asked', retryOf(asked, answer))), 'worked', 'its call waits')
})

t.test('questions that nobody answers', async (t) => {
  const aborted: unknown[] = []
  const { first, second } = await fleet(t, {
    replicas: 2,
    parkTimeout: 60,
    createServer: v1({
      ask: async scene => {
        scene.extra.signal.addEventListener('abort', () => aborted.push(1))
        await ask(scene, 'Who?', 'who')
      }
    })
  })
  const asked = await first.do('ask')
  await eventually(() => aborted.length === 1)
  await eventually(() => first.bridge.parkedCount === 0)
  for (const replica of [first, second]) {
    t.match(await replica.do('ask', retryOf(asked, answer)), {
      error: { code: -32602, data: { reason: 'invalid_request_state' } }
    })
  }
  const store = first.sessions.vault.backend.partition('calls').records
  await new Promise(resolve => setTimeout(resolve, 60))
  t.same(await store.listHeads({ limit: 10 }), { heads: [] }, 'the record ends')
})

t.test('a process that ends tells the clients of parked calls', async (t) => {
  const { scripts, aborted, reached } = working()
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  const asked = await first.do('asked')
  const other = await first.do('asked')
  const retry = begin(second, 'asked', retryOf(other, answer))
  await reached.passed
  await first.bridge.close()
  const ended = { error: { code: -32603, message: 'The process that ran this call has ended; call again' } }
  t.match(await second.do('asked', retryOf(asked, answer)), ended)
  t.match(await retry.outcome, ended)
  t.same(aborted, ['the process ends'])
  t.match(await first.do('asked'), { status: 503 }, 'and takes no further call')
})

t.test('a handler that gives up its question goes on', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({
      impatient: async ({ server, extra }) => {
        const options = { relatedRequestId: extra.requestId, timeout: 30 }
        const question = { message: 'Who?', requestedSchema: { type: 'object' as const, properties: {} } }
        return await server.server.elicitInput(question, options).then(() => 'answered', () => 'gave up')
      }
    })
  })
  const asked = await first.do('impatient')
  const [key] = Object.keys(asked.result.inputRequests) as [string]
  await eventually(() => first.bridge.parkedCount === 0)
  t.equal(text(await first.do('impatient', retryOf(asked, { [key]: accepted('me') }))), 'gave up')
})

t.test('a handler that ends while its first question is collected', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({
      hasty: async scene => {
        void ask(scene, 'Who?').catch(() => {})
        // Within one turn of the event loop, so that no timer is faster.
        for (let n = 0; n < 100; n++) await undefined
        return 'done'
      }
    })
  })
  t.equal(text(await first.do('hasty')), 'done')
  t.same(first.backend.calls, [], 'nothing is stored')
  t.equal(first.bridge.parkedCount, 0)
})

t.test('progress and log messages of the second leg reach the client of the retry', async (t) => {
  const createServer = v1({
    loud: async scene => {
      await ask(scene, 'Who?', 'who')
      const { extra } = scene
      const progressToken = extra._meta?.progressToken as number
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'error', data: 'x' } })
      return 'done'
    }
  })
  const { first, second } = await fleet(t, { createServer, replicas: 2 })
  for (const replica of [first, second]) {
    const asked = await first.do('loud', { progressToken: 'one' })
    const retry = begin(replica, 'loud', { ...retryOf(asked, answer), progressToken: 'two', logLevel: 'error' })
    t.equal(text(await retry.outcome), 'done')
    t.same(retry.notes, [
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1, progressToken: 'two' } },
      { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: 'x' } }
    ])
  }
})

t.test('endless notes of a parked call are bounded', async (t) => {
  const createServer = v1({
    endless: async scene => {
      await ask(scene, 'Who?', 'who')
      for (let i = 0; i < 1_200; i++) {
        void scene.extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: i } })
      }
      await new Promise(resolve => setTimeout(resolve, 20))
      return 'done'
    }
  })
  const { first, second } = await fleet(t, { createServer, replicas: 2 })
  const asked = await first.do('endless')
  const retry = begin(second, 'endless', { ...retryOf(asked, answer), logLevel: 'info' })
  t.equal(text(await retry.outcome), 'done')
  t.equal(retry.notes.length, 500)
})

t.test('caps on parked calls', async (t) => {
  const aborted: unknown[] = []
  const createServer = v1({
    ask: async scene => {
      scene.extra.signal.addEventListener('abort', () => aborted.push(1))
      await ask(scene, 'Who?', 'who')
    }
  })
  const { first } = await fleet(t, { createServer, maxParked: 3, maxParkedPerOwner: 2 })
  await first.do('ask', { principal: ADA })
  await first.do('ask', { principal: ADA })
  const refused = await first.do('ask', { principal: ADA })
  t.match(refused, { error: { code: -32603 }, status: 503, retryAfter: 5 })
  t.equal(aborted.length, 1, 'its handler is cancelled')
  t.match(await first.do('ask', { principal: BOB }), { result: { resultType: 'input_required' } })
  t.match(await first.do('ask'), { status: 503 })
})

t.test('caps on stored calls', async (t) => {
  const { first, second } = await fleet(t, {
    createServer: v1({ ask: async scene => { await ask(scene, 'Who?', 'who') } }), maxParked: 1, replicas: 2
  })
  for (let i = 0; i < 100; i++) {
    const asked = await first.do('ask')
    await first.do('ask', retryOf(asked, answer))
  }
  t.match(await second.do('ask'), { status: 503 }, 'where no story has ended that could make room')
  t.equal(second.bridge.parkedCount, 0)
})

t.test('a storage outage is 503, and the call goes on after it', async (t) => {
  const { scripts, go } = working()
  go.open()
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  first.backend.down = true
  t.match(await first.do('asked'), { status: 503 }, 'before anything is asked')
  t.equal(first.bridge.parkedCount, 0)
  first.backend.down = false
  const asked = await first.do('asked')
  first.backend.down = true
  t.match(await first.do('asked', retryOf(asked, answer)), { status: 503 }, 'where the handler waits')
  second.backend.down = true
  t.match(await second.do('asked', retryOf(asked, answer)), { status: 503 }, 'elsewhere')
  first.backend.down = second.backend.down = false
  t.equal(text(await first.do('asked', retryOf(asked, answer))), 'worked')
  t.equal(text(await second.do('asked', retryOf(asked, answer))), 'worked')
  t.equal(first.bridge.parkedCount, 0)
})

t.test('an end that cannot be stored is forgotten when the time of its call is over', async (t) => {
  const { first } = await fleet(t, {
    parkTimeout: 100, createServer: v1({ ask: async scene => { await ask(scene, 'Who?', 'who') } })
  })
  const asked = await first.do('ask')
  first.backend.failing.add('events.append')
  t.match(await first.do('ask', retryOf(asked, answer)), { status: 503 })
  t.equal(first.bridge.parkedCount, 1, 'what it said may be stored later')
  await eventually(() => first.bridge.parkedCount === 0)
})
