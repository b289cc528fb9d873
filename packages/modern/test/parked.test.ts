import type { Backend } from '@holdfast/core'
import t from 'tap'
import { ADA, type Replica, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { type Scripts, accepted, ask, text, v1 } from './fixtures/servers.js'

const scripts: Scripts = {
  plain: () => 'plain',
  one: async scene => (await ask(scene, 'Who?', 'who')).content?.value ?? 'nobody',
  two: async scene => {
    const first = await ask(scene, 'First?')
    const second = await ask(scene, `After ${first.content.value}?`)
    return `${first.content.value}, ${second.content.value}`
  },
  three: async ({ server, extra, ...scene }) => {
    const related = { relatedRequestId: extra.requestId }
    const [form, sample, roots] = await Promise.all([
      ask({ server, extra, ...scene }, 'Form?', 'form'),
      server.server.createMessage({
        messages: [{ role: 'user', content: { type: 'text', text: 'Say.' } }],
        maxTokens: 5,
        _meta: { 'dev.holdfast/key': 'sample' }
      }, related),
      server.server.listRoots({ _meta: { 'dev.holdfast/key': 'roots' } }, related)
    ])
    return [form.content.value, (sample.content as any).text, roots.roots[0]?.uri]
  },
  pair: async scene => {
    const [a, b] = await Promise.all([ask(scene, 'A?', 'a'), ask(scene, 'B?', 'b')])
    return `${a.content.value}${b.content.value}`
  }
}

const ANSWERS = {
  form: accepted('f'),
  sample: { role: 'assistant', model: 'm', content: { type: 'text', text: 's' } },
  roots: { roots: [{ uri: 'file:///r' }] }
}

t.test('a question becomes an input request, and its answer goes to the handler on any replica', async (t) => {
  for (const elsewhere of [false, true]) {
    const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
    const asked = await first.do('one', { principal: ADA })
    const { requestState, ...result } = asked.result
    t.same(result, {
      resultType: 'input_required',
      inputRequests: {
        who: {
          method: 'elicitation/create',
          params: {
            mode: 'form',
            message: 'Who?',
            requestedSchema: { type: 'object', properties: { value: { type: 'string' } } }
          }
        }
      },
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fixture', version: '1' } }
    })
    t.match(requestState, /^[\w-]+$/)
    const replica = elsewhere ? second : first
    const done = await replica.do('one', { principal: ADA, id: 2, ...retryOf(asked, { who: accepted('me') }) })
    t.equal(text(done), 'me')
    t.equal(done.result.resultType, 'complete')
    t.equal(first.bridge.parkedCount, 0)
  }
})

t.test('answers that come before their questions, without a state', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const given = (answers: object): any => ({ params: { inputResponses: answers } })
  t.equal(text(await first.do('one', given({ who: accepted('me'), other: accepted('x') }))), 'me')
  t.same(first.backend.calls, [], 'nothing was parked')
  const asked = await first.do('pair', given({ a: accepted('1') }))
  t.same(Object.keys(asked.result.inputRequests), ['b'], 'only what is left is asked')
  t.equal(text(await first.do('pair', retryOf(asked, { b: accepted('2'), a: accepted('3') }))), '12')
  t.match(await first.do('one', { capabilities: {}, ...given({ who: accepted('me') }) }), { error: { code: -32021 } })
  t.equal(first.bridge.parkedCount, 0)
})

t.test('round trips to the backend', async (t) => {
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  const { calls } = first.backend
  await first.do('plain')
  t.same(calls, [], 'none for a plain call')
  const asked = await first.do('one')
  t.same(calls.splice(0), ['records.create', 'events.append'])
  await first.do('one', retryOf(asked, { who: accepted('me') }))
  t.same(calls.splice(0), ['events.append'], 'a retry where the handler waits')
  await first.do('one', retryOf(asked, { who: accepted('me') }))
  t.same(calls.splice(0), ['events.readAfter'], 'the same retry again')
  const again = await first.do('one')
  calls.length = 0
  await second.do('one', retryOf(again, { who: accepted('me') }))
  t.same(second.backend.calls.splice(0).sort(), ['bus.publish', 'events.readAfter'], 'a retry elsewhere')
  t.same(calls.splice(0), ['events.append', 'bus.publish'], 'where the handler waits')
})

t.test('two rounds, alternating between replicas', async (t) => {
  const { replicas } = await fleet(t, { createServer: v1(scripts), replicas: 3 })
  const [a, b, c] = replicas as [Replica, Replica, Replica]
  const one = await a.do('two')
  const [key] = Object.keys(one.result.inputRequests) as [string]
  t.match(key, new RegExp(`^${a.name}\\.\\d+$`), 'the wire id')
  const two = await b.do('two', retryOf(one, { [key]: accepted('x') }))
  const [next] = Object.entries<any>(two.result.inputRequests) as [[string, any]]
  t.equal(next[1].params.message, 'After x?')
  const three = await c.do('two', retryOf(two, { [next[0]]: accepted('y') }))
  t.equal(text(three), 'x, y')
})

t.test('three questions of three kinds at once', async (t) => {
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  const asked = await first.do('three')
  t.same(Object.keys(asked.result.inputRequests).sort(), ['form', 'roots', 'sample'])
  t.equal(asked.result.inputRequests.sample.method, 'sampling/createMessage')
  t.same(asked.result.inputRequests.roots, { method: 'roots/list' })
  const done = await second.do('three', retryOf(asked, ANSWERS))
  t.same(JSON.parse(text(done)), ['f', 's', 'file:///r'])
})

t.test('the same retry gives the same answer, also after the owner has gone, and nothing runs twice', async (t) => {
  let runs = 0
  const createServer = v1({
    one: async scene => {
      const { content } = await ask(scene, 'Who?', 'who')
      return `${content.value} ${++runs}`
    }
  })
  const { first, second } = await fleet(t, { createServer, replicas: 2 })
  const asked = await first.do('one')
  const mine = retryOf(asked, { who: accepted('mine') })
  const both = await Promise.all([second.do('one', mine), second.do('one', mine), first.do('one', mine)])
  for (const done of both) t.equal(text(done), 'mine 1')
  t.equal(text(await second.do('one', retryOf(asked, { who: accepted('other') }))), 'mine 1', 'the first answer counts')
  await first.crash()
  t.equal(text(await second.do('one', mine)), 'mine 1')
  t.equal(runs, 1)
})

t.test('the same retry of an earlier round asks the same again', async (t) => {
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  const one = await first.do('two')
  const [key] = Object.keys(one.result.inputRequests) as [string]
  const mine = retryOf(one, { [key]: accepted('x') })
  const two = await first.do('two', mine)
  const [next] = Object.keys(two.result.inputRequests) as [string]
  const again = await second.do('two', mine)
  t.same(again.result.inputRequests, two.result.inputRequests, 'before it is answered')
  t.equal(text(await second.do('two', retryOf(two, { [next]: accepted('y') }))), 'x, y')
  const late = await first.do('two', mine)
  t.same(late.result.inputRequests, two.result.inputRequests, 'after the end')
  t.equal(text(await second.do('two', retryOf(late, { [next]: accepted('z') }))), 'x, y')
})

t.test('what is missing is asked for again', async (t) => {
  for (const elsewhere of [false, true]) {
    const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
    const replica = elsewhere ? second : first
    const asked = await first.do('pair')
    const none = await replica.do('pair', retryOf(asked))
    t.same(Object.keys(none.result.inputRequests), ['a', 'b'])
    const empty = await replica.do('pair', retryOf(none, {}))
    t.same(Object.keys(empty.result.inputRequests), ['a', 'b'])
    const half = await replica.do('pair', retryOf(empty, { a: accepted('1'), nonsense: accepted('!') }))
    t.same(Object.keys(half.result.inputRequests), ['b'])
    const done = await replica.do('pair', retryOf(half, { a: accepted('9'), b: accepted('2') }))
    t.equal(text(done), '12', 'an answer cannot be changed')
  }
})

t.test('a call whose process has gone ends honestly', async (t) => {
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2, heartbeat: 40 })
  const asked = await first.do('one')
  await first.crash()
  const mine = retryOf(asked, { who: accepted('me') })
  const lost = await second.do('one', mine)
  t.match(lost, { error: { code: -32603, message: 'The process that ran this call has ended; call again' } })
  t.same(await second.do('one', mine), lost, 'each time')
})

t.test('a call whose process dies while a retry waits', async (t) => {
  const createServer = v1({ stuck: async scene => { await ask(scene, 'Who?', 'who'); await new Promise(() => {}) } })
  const { first, second } = await fleet(t, { createServer, replicas: 2, heartbeat: 40 })
  const asked = await first.do('stuck')
  const waiting = second.begin({ name: 'do', arguments: { what: 'stuck' }, ...retryOf(asked, { who: accepted('me') }) })
  await new Promise(resolve => setTimeout(resolve, 60))
  t.equal(waiting.isOver, false, 'its process is alive')
  await first.crash()
  t.match(await waiting.outcome, { error: { code: -32603, message: /has ended/ } })
})

t.test('after an outage, a process has time to announce itself again', async (t) => {
  const heartbeat = 100
  for (const returns of [true, false]) {
    const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2, heartbeat })
    const asked = await first.do('one')
    const mine = retryOf(asked, { who: accepted('me') })
    second.backend.down = true
    t.equal((await second.do('one', mine)).status, 503)
    // Its announcement has expired, and it does not hear what it is told.
    const { presence } = first.backend.inner as Backend
    await presence.withdraw(first.name)
    second.backend.down = false
    second.backend.losing = true
    second.backend.calls.length = 0
    const waiting = second.do('one', mine)
    while (!second.backend.calls.includes('presence.isPresent')) await new Promise(setImmediate)
    if (returns) await presence.announce(first.name, 60_000)
    second.backend.losing = !returns
    if (returns) t.equal(text(await waiting), 'me')
    else t.match(await waiting, { error: { code: -32603, message: /has ended/ } }, 'but not for ever')
  }
})

t.test('lost messages cost time, and nothing else', async (t) => {
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2, heartbeat: 40 })
  const asked = await first.do('one')
  second.backend.losing = true
  const waiting = second.do('one', retryOf(asked, { who: accepted('me') }))
  await new Promise(resolve => setTimeout(resolve, 60))
  second.backend.losing = false
  t.equal(text(await waiting), 'me', 'the answer is sent again')
  const other = await first.do('one')
  first.backend.losing = true
  t.equal(text(await second.do('one', retryOf(other, { who: accepted('me') }))), 'me', 'the log is looked at')
})
