import t from 'tap'
import { type CacheOptions, ModernEndpoint, cacheHints } from '../dist/index.js'
import { Front, events } from './fixtures/endpoint.js'
import { KEYS, type Sent, json, sent } from './fixtures/requests.js'

const PUBLIC: CacheOptions = {
  'tools/list': { ttl: '5m', scope: 'public' },
  'prompts/list': { ttl: '5m', scope: 'public' },
  'resources/list': { ttl: '5m', scope: 'public' },
  'server/discover': { ttl: '1h', scope: 'public' },
  'resources/read': { ttl: 1_000, scope: 'public' }
}

async function twice (work: () => Promise<unknown>): Promise<void> {
  await work()
  await work()
}

const lists = ['server/discover', 'tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']

const result = async (front: Front, request: Sent): Promise<any> => json(await front.post(request)).result
const read: Sent = { method: 'resources/read', params: { uri: 'a://b' } }

t.test('results that may be kept say for how long and for whom: by default, not at all', async (t) => {
  const front = new Front()
  for (const method of lists) t.match(await result(front, { method }), { ttlMs: 0, cacheScope: 'private' })
  t.match(await result(front, read), { ttlMs: 0, cacheScope: 'private' })
  for (const method of ['tools/call', 'prompts/get', 'completion/complete', 'tasks/get']) {
    const found = await result(front, {
      method, params: { name: 'x', taskId: 'x', ref: {}, argument: {} }, headers: { 'mcp-name': 'x' }
    })
    t.same(Object.keys(found), ['resultType', 'content'])
  }
})

t.test('each part of a hint comes from the server, or else from the options', async (t) => {
  const front = new Front({ cache: PUBLIC })
  const hint = async (given: object): Promise<unknown> => {
    front.endpoint.changed()
    front.server.script = call => call.end({ result: { tools: [], ...given } })
    const { ttlMs, cacheScope } = await result(front, { method: 'tools/list' })
    return [ttlMs, cacheScope]
  }
  t.same(await hint({}), [300_000, 'public'])
  t.same(await hint({ ttlMs: 7 }), [7, 'public'])
  t.same(await hint({ ttlMs: 0, cacheScope: 'private' }), [0, 'private'])
  t.same(await hint({ cacheScope: 'private' }), [300_000, 'private'])
  for (const wrong of [-1, 1.5, '5', null]) t.same(await hint({ ttlMs: wrong, cacheScope: wrong }), [300_000, 'public'])
})

t.test('what is not complete, or continues another request, may not be kept', async (t) => {
  const front = new Front({ cache: PUBLIC })
  for (const params of [{ inputResponses: {} }, { requestState: 's' }, { requestState: null }]) {
    front.server.script = call => call.end({ result: { contents: [], ttlMs: 9, cacheScope: 'public' } })
    t.match(await result(front, { ...read, params: { uri: 'a://b', ...params } }), { ttlMs: 0, cacheScope: 'private' })
    await twice(async () => await result(front, { method: 'tools/list', params }))
  }
  t.equal(front.server.served.length, 9)
  front.server.script = call => call.end({ result: { resultType: 'input_required', requestState: 's' } })
  for (const request of [read, { method: 'tools/list' }, { method: 'tools/list' }]) {
    t.same(await result(front, request), { resultType: 'input_required', requestState: 's' })
  }
  front.server.script = call => call.end({
    result: { resultType: 'input_required', requestState: 's', ttlMs: 9_999, cacheScope: 'public' }
  })
  await twice(async () => await result(front, { method: 'tools/list' }))
  t.equal(front.server.served.length, 14)
  t.same(front.ends.at(-1), ['tools/list', 'input_required'])
})

t.test('results name their server, where it does not do it itself', async (t) => {
  const front = new Front({ serverInfo: { name: 'n', version: '1' } })
  const meta = async (given: object): Promise<unknown> => {
    front.server.script = call => call.end({ result: { ...given } })
    return (await result(front, {}))._meta
  }
  const own = { [KEYS.server]: { name: 'n', version: '1' } }
  t.same(await meta({}), own)
  t.same(await meta({ resultType: 'complete' }), own)
  t.same(await meta({ _meta: { a: 1 } }), { a: 1, ...own })
  t.same(await meta({ _meta: { [KEYS.server]: { name: 'other' } } }), { [KEYS.server]: { name: 'other' } })
})

t.test('discovery promises nothing that needs subscriptions/listen', async (t) => {
  const front = new Front()
  const found = async (capabilities: unknown): Promise<unknown> => {
    front.server.script = call => call.end({ result: { capabilities } })
    return (await result(front, { method: 'server/discover' })).capabilities
  }
  t.same(await found({
    tools: { listChanged: true, other: 1 }, resources: { subscribe: true, listChanged: true }, prompts: {}, x: 5
  }), { tools: { other: 1 }, resources: {}, prompts: {}, x: 5 })
  t.equal(await found(undefined), undefined)
})

t.test('a public list is asked for once, for everybody', async (t) => {
  const front = new Front({ cache: PUBLIC })
  let count = 0
  front.server.script = call => call.end({ result: { tools: [++count] } })
  const tools = async (request: Sent = {}): Promise<any> => await result(front, { method: 'tools/list', ...request })
  const first = await tools({ id: 1, principal: { subject: 'a' } })
  t.match(first, { resultType: 'complete', tools: [1], ttlMs: 300_000, cacheScope: 'public' })
  t.same(await tools({ id: 'two', meta: { progressToken: 1 }, principal: { subject: 'b' } }), first)
  t.equal(json(await front.post({ id: 'three', method: 'tools/list' })).id, 'three')
  t.same((await tools({ params: { cursor: 'x' } })).tools, [2], 'another page')
  t.same((await tools({ params: { cursor: 'x' } })).tools, [2])
  t.same((await tools({ params: {} })).tools, [1])
  t.same(front.ends.at(-1), ['tools/list', 'result'])
  await twice(async () => await result(front, read))
  t.equal(front.server.served.length, 4, 'a resource is read each time')
  await twice(async () => await result(front, { method: 'resources/templates/list' }))
  t.equal(front.server.served.length, 6, 'a private list, too')
  await twice(async () => await tools({ params: { cursor: 'x'.repeat(600) } }))
  t.equal(front.server.served.length, 8, 'and one of a very long cursor')
})

t.test('a kept list is checked as every request, and answered as the mode says', async (t) => {
  const front = new Front({ cache: PUBLIC, responseMode: 'sse' })
  await twice(async () => {
    const reply = await front.post({ method: 'tools/list' })
    t.match(await events(reply).rest(), [{ id: 1, result: { ttlMs: 300_000 } }])
  })
  t.equal(front.server.served.length, 1)
  t.equal((await front.post({ method: 'tools/list', headers: { 'mcp-method': 'x' } })).status, 400)
})

t.test('errors and private lists are not kept', async (t) => {
  const front = new Front({ cache: PUBLIC })
  front.server.script = call => call.end({ error: { code: -32603, message: 'm' } })
  await front.post({ method: 'tools/list' })
  front.server.script = call => call.end({ result: { tools: [], cacheScope: 'private' } })
  await twice(async () => await front.post({ method: 'tools/list' }))
  front.server.script = call => call.end({ result: { tools: [], ttlMs: 0 } })
  await twice(async () => await front.post({ method: 'tools/list' }))
  t.equal(front.server.served.length, 5)
})

t.test('a list is forgotten when it has changed or its time is over', async (t) => {
  const front = new Front({ cache: PUBLIC })
  const served = async (...methods: string[]): Promise<string[]> => {
    const before = front.server.served.length
    for (const method of methods) await front.post({ method })
    return front.server.served.slice(before).map(({ request }) => request.method)
  }
  const all = lists.slice(0, 4)
  t.same(await served(...all), all)
  t.same(await served(...all), [])
  front.endpoint.changed('tools')
  t.same(await served(...all), ['tools/list'])
  front.endpoint.changed('resources')
  front.endpoint.changed('prompts')
  t.same(await served(...all), ['prompts/list', 'resources/list'])
  front.endpoint.changed()
  t.same(await served(...all), all)
  front.endpoint.changed()
  front.server.script = call => call.end({ result: { ttlMs: 1 } })
  t.same(await served('tools/list'), ['tools/list'])
  const { now } = performance
  t.teardown(() => { performance.now = now })
  performance.now = () => now.call(performance) + 2
  t.same(await served('tools/list'), ['tools/list'])
})

t.test('a list that was under way when it changed is not kept', async (t) => {
  const front = new Front({ cache: PUBLIC })
  front.server.script = call => {
    front.endpoint.changed('tools')
    call.end({ result: { tools: [] } })
  }
  await twice(async () => await front.post({ method: 'tools/list' }))
  t.equal(front.server.served.length, 2)
})

t.test('lists of several servers are kept apart', async (t) => {
  const front = new Front({ cache: PUBLIC, serverKey: ({ principal }) => principal?.subject ?? '' })
  front.server.script = call => call.end({ result: { tools: [call.inbound.principal?.subject] } })
  for (const subject of ['a', 'b', 'a', 'b']) {
    t.same((await result(front, { method: 'tools/list', principal: { subject } })).tools, [subject])
  }
  t.equal(front.server.served.length, 2)
})

t.test('a serverKey that fails ends the request, and is reported', async (t) => {
  const failure = new Error('no key')
  const front = new Front({ cache: PUBLIC, serverKey: () => { throw failure } })
  t.equal((await front.post({ method: 'tools/list' })).status, 500)
  t.same(front.errors, [failure])
  t.equal((await front.post()).status, 200, 'it is asked for lists only')
})

t.test('kept lists are bounded, by number and by size', async (t) => {
  const front = new Front({ cache: PUBLIC })
  const page = async (cursor: string): Promise<void> => {
    await front.post({ method: 'tools/list', params: { cursor } })
  }
  for (let number = 0; number <= 256; number++) await page(String(number))
  t.equal(front.server.served.length, 257)
  await page('256')
  t.equal(front.server.served.length, 257)
  await page('0')
  t.equal(front.server.served.length, 258, 'the oldest was forgotten')
  const large = 'x'.repeat(10_000_000)
  front.server.script = call => call.end({ result: { tools: [large] } })
  for (const cursor of ['a', 'b', 'b', 'a']) await page(cursor)
  t.equal(front.server.served.length, 261, 'two do not fit')
  front.server.script = call => call.end({ result: { tools: [large], ttlMs: 0 } })
  for (const cursor of ['z', 'a']) await page(cursor)
  t.equal(front.server.served.length, 262, 'what may not be kept takes no room')
  front.server.script = call => call.end({ result: { tools: [large, large] } })
  for (const cursor of ['c', 'c']) await page(cursor)
  t.equal(front.server.served.length, 264, 'this one never does')
})

t.test('two that ask at once: the list of the later one is kept', async (t) => {
  const front = new Front({ cache: PUBLIC })
  front.server.script = () => {}
  const replies = [1, 2].map(id => front.endpoint.post(sent({ id, method: 'tools/list' })))
  for (const [index, call] of front.server.served.entries()) call.end({ result: { tools: [index] } })
  await Promise.all(replies)
  t.same((await result(front, { method: 'tools/list' })).tools, [1])
})

t.test('hints come in the form of SDK v2, and wrong ones are refused', async (t) => {
  t.same(cacheHints({
    'tools/list': { ttl: '5m', scope: 'public' }, 'resources/read': {}, 'prompts/list': { ttl: 0 }
  }), {
    'tools/list': { ttlMs: 300_000, cacheScope: 'public' },
    'resources/read': { ttlMs: 0, cacheScope: 'private' },
    'prompts/list': { ttlMs: 0, cacheScope: 'private' }
  })
  const wrong: Array<[unknown, RegExp]> = [
    [{ 'tools/call': {} }, /^cache\.tools\/call: /], [{ 'tools/list': 5 }, /^cache\.tools\/list: /],
    [{ 'tools/list': { ttl: '5 min' } }, /^cache\.tools\/list\.ttl: /], [{ 'tools/list': { ttl: -1 } }, /\.ttl: /],
    [{ 'tools/list': { scope: 'all' } }, /^cache\.tools\/list\.scope: /]
  ]
  for (const [cache, message] of wrong) {
    t.throws(() => cacheHints(cache as CacheOptions), { code: 'HOLDFAST_INVALID_OPTION', message })
    t.throws(() => new ModernEndpoint({ cache } as any), { code: 'HOLDFAST_INVALID_OPTION' })
  }
})
