import t from 'tap'
import { ListToolsRequestSchema, McpError, UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js'
import { missingFor } from '../dist/bridge/client-capabilities.js'
import { serverParams } from '../dist/bridge/server-request.js'
import { fleet, retryOf } from './fixtures/bridge-fleet.js'
import { type Scripts, accepted, ask, text, v1 } from './fixtures/servers.js'

const user = { role: 'user' as const, content: { type: 'text' as const, text: 'Say.' } }
const scripts: Scripts = {
  form: async scene => (await ask(scene, 'Who?', 'who')).action,
  sample: async ({ server, extra }) =>
    await server.server.createMessage({ messages: [user], maxTokens: 5 }, { relatedRequestId: extra.requestId }),
  'sample tools': async ({ server, extra }) => await server.server.createMessage({
    messages: [user], maxTokens: 5, tools: [{ name: 'x', inputSchema: { type: 'object' } }]
  }, { relatedRequestId: extra.requestId }),
  roots: async ({ server, extra }) => await server.server.listRoots(undefined, { relatedRequestId: extra.requestId }),
  unrelated: async ({ server }) => await server.server.listRoots(),
  url: async ({ server, extra }) => await server.server.elicitInput({
    mode: 'url', message: 'Go', url: 'https://example.com/x', elicitationId: 'secret'
  }, { relatedRequestId: extra.requestId }),
  careful: async scene => await ask(scene, 'Who?').catch(() => 'anonymous'),
  visit: () => {
    throw new UrlElicitationRequiredError([
      { mode: 'url', message: 'Go', url: 'https://example.com/a', elicitationId: 'a' },
      { mode: 'url', message: 'Go on', url: 'https://example.com/b', elicitationId: 'b' }
    ])
  },
  'visit nothing': () => { throw new McpError(-32042, 'nowhere', { elicitations: [] }) },
  ping: async ({ server }) => await server.server.ping(),
  task: async ({ extra }) => await extra.sendRequest({ method: 'tasks/list' } as never, { parse: () => {} } as never),
  many: async ({ server, extra }) => {
    const asked = await Promise.allSettled(Array.from({ length: 101 }, async () =>
      await server.server.listRoots(undefined, { relatedRequestId: extra.requestId, timeout: 200 })))
    return asked.filter(({ status }) => status === 'rejected').length
  },
  twice: async scene => {
    await ask(scene, 'One?', 'same')
    await ask(scene, 'Two?', 'same')
    await ask(scene, 'Three?', 'x'.repeat(257))
  },
  meta: async ({ extra, server }) => await server.server.listRoots({
    _meta: { kept: 1, 'dev.holdfast/key': 'roots' }
  }, { relatedRequestId: extra.requestId, onprogress: () => {} })
}

const answer = { who: accepted('me') }

t.test('a client is asked only what it declares', async (t) => {
  const cases: Array<[string, object, object | undefined]> = [
    ['form', {}, { elicitation: { form: {} } }],
    ['form', { elicitation: {} }, undefined],
    ['form', { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    ['url', { elicitation: {} }, { elicitation: { url: {} } }],
    ['url', { elicitation: { url: {} } }, undefined],
    ['sample', {}, { sampling: {} }],
    ['sample', { sampling: {} }, undefined],
    ['sample tools', { sampling: {} }, { sampling: { tools: {} } }],
    ['sample tools', { sampling: { tools: {} } }, undefined],
    ['roots', {}, { roots: {} }],
    ['roots', { roots: {} }, undefined],
    ['visit', { elicitation: {} }, { elicitation: { url: {} } }]
  ]
  for (const [what, capabilities, requiredCapabilities] of cases) {
    const { first } = await fleet(t, { createServer: v1(scripts) })
    const outcome = await first.do(what, { capabilities: capabilities as never })
    const about = `${what} ${JSON.stringify(capabilities)}`
    if (requiredCapabilities === undefined) t.match(outcome, { result: { resultType: 'input_required' } }, about)
    else {
      t.same(outcome, {
        error: {
          code: -32021,
          message: 'The request needs a capability that the client did not declare',
          data: { requiredCapabilities }
        },
        status: 400
      }, about)
      t.equal(first.bridge.parkedCount, 0)
      t.same(first.backend.calls, [])
    }
  }
})

t.test('a handler may do without', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  t.equal(text(await first.do('careful', { capabilities: {} })), 'anonymous')
})

t.test('a retry of a client that can do less waits for one that can', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const asked = await first.do('form')
  t.match(await first.do('form', { ...retryOf(asked), capabilities: {} }), { error: { code: -32021 }, status: 400 })
  t.equal(text(await first.do('form', retryOf(asked, { who: accepted('me') }))), 'accept')
})

t.test('a URL without what only the old revision knows', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const { result: { inputRequests } } = await first.do('url')
  t.same(Object.values(inputRequests), [
    { method: 'elicitation/create', params: { mode: 'url', message: 'Go', url: 'https://example.com/x' } }
  ])
})

t.test('an error that demands visits of URLs becomes questions, and the next attempt runs anew', async (t) => {
  let visits = 0
  const { first } = await fleet(t, {
    createServer: v1({ visit: async scene => ++visits === 1 ? await scripts.visit?.(scene) : 'done' })
  })
  const { result } = await first.do('visit')
  t.same(result, {
    resultType: 'input_required',
    inputRequests: {
      'url-1': { method: 'elicitation/create', params: { mode: 'url', message: 'Go', url: 'https://example.com/a' } },
      'url-2': { method: 'elicitation/create', params: { mode: 'url', message: 'Go on', url: 'https://example.com/b' } }
    },
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fixture', version: '1' } }
  })
  const params = { inputResponses: { 'url-1': { action: 'accept' }, 'url-2': { action: 'accept' } } }
  t.equal(text(await first.do('visit', { params })), 'done')
})

t.test('an error that demands no visit', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  t.match(await first.do('visit nothing'), { error: { code: -32603 } })
})

t.test('a question that names no call belongs to the one that runs', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const asked = await first.do('unrelated')
  const [key] = Object.keys(asked.result.inputRequests) as [string]
  t.equal(text(await first.do('unrelated', retryOf(asked, { [key]: { roots: [] } }))), '{"roots":[]}')
})

t.test('a ping is answered here', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  t.equal(text(await first.do('ping')), '{}')
})

t.test('a request that is no question is refused', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  t.match(await first.do('task'), { result: { isError: true, content: [{ text: /cannot be asked/ }] } })
})

t.test('100 questions are enough', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const asked = await first.do('many')
  const keys = Object.keys(asked.result.inputRequests)
  t.equal(keys.length, 100)
  const answers = Object.fromEntries(keys.map(key => [key, { roots: [] }]))
  t.equal(text(await first.do('many', retryOf(asked, answers))), '1')
})

t.test('a key occurs once in a call', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const one = await first.do('twice')
  t.same(Object.keys(one.result.inputRequests), ['same'])
  const two = await first.do('twice', retryOf(one, { same: accepted('1') }))
  const [key] = Object.keys(two.result.inputRequests) as [string]
  t.match(key, /^[0-9a-f]{16}\.\d+$/)
  const three = await first.do('twice', retryOf(two, { [key]: accepted('2') }))
  t.match(Object.keys(three.result.inputRequests)[0], /^[0-9a-f]{16}\.\d+$/, 'nor is a long one used')
})

t.test('what else a question says of itself stays', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const { result: { inputRequests } } = await first.do('meta')
  t.same(inputRequests, { roots: { method: 'roots/list', params: { _meta: { kept: 1 } } } })
})

t.test('resources and prompts may ask, too', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({}, [], server => {
      server.registerResource('r', 'test://r', {}, async uri => {
        const { roots } = await server.server.listRoots()
        return { contents: [{ uri: uri.href, text: `${roots.length}` }] }
      })
      server.registerPrompt('p', {}, async () => {
        const { roots } = await server.server.listRoots()
        return { messages: [{ role: 'user', content: { type: 'text', text: `${roots.length}` } }] }
      })
    })
  })
  const kinds = [{ method: 'resources/read', params: { uri: 'test://r' } }, { method: 'prompts/get', name: 'p' }]
  for (const asked of kinds) {
    const outcome = await first.call(asked)
    const [key] = Object.keys(outcome.result.inputRequests) as [string]
    const params = { ...asked.params, ...retryOf(outcome, { [key]: { roots: [{ uri: 'file:///x' }] } }).params }
    const done = await first.call({ ...asked, params })
    t.equal(done.result.resultType, 'complete')
  }
})

t.test('a list may not ask', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({}, [], server => {
      server.server.setRequestHandler(ListToolsRequestSchema, async () => {
        await server.server.listRoots()
        return { tools: [] }
      })
    })
  })
  t.match(await first.call({ method: 'tools/list' }), { error: { message: /cannot be asked/ } })
})

t.test('an unknown resource is named in the data of its error', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({}, [], server => {
      const reads: Record<string, () => never> = {
        'test://old': () => { throw new McpError(-32002, 'gone') },
        'test://data': () => { throw new McpError(-32002, 'gone', { since: 1 }) },
        'test://bad': () => { throw new McpError(-32602, 'bad') }
      }
      for (const [uri, read] of Object.entries(reads)) server.registerResource(uri, uri, {}, read)
    })
  })
  const read = async (uri: string): Promise<any> =>
    (await first.call({ method: 'resources/read', params: { uri } }) as any).error
  t.match(await read('test://none'), { code: -32602, data: { uri: 'test://none' } })
  t.same((await read('test://old')).data, { uri: 'test://old' })
  t.same((await read('test://data')).data, { since: 1 })
  t.equal((await read('test://bad')).data, undefined, 'another error says what it says')
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

t.test('what is missing in a question or a request', (t) => {
  for (const method of ['constructor', 'new/method']) t.equal(missingFor([{ method }], {}), undefined)
  const call = { request: { method: 'tools/list', params: { cursor: 'x' } }, meta: {} }
  t.same(serverParams(call as never), { cursor: 'x' })
  t.end()
})
