import { once } from 'node:events'
import t, { type Test } from 'tap'
import { memory } from '@holdfast/memory'
import { Keyring, generateKey } from '@holdfast/envelope'
import type { CacheOptions, ModernCall, ModernEndpointOptions, ModernServer } from '../dist/index.js'
import { ANSWER, KINDS, type Kind, type KindOptions } from './fixtures/both-servers.js'
import { Front } from './fixtures/endpoint.js'
import { eventually } from '@holdfast/waiting'
import { serve } from './fixtures/http.js'
import { KEYS, type Sent, sent } from './fixtures/requests.js'

const FORMS = { [KEYS.capabilities]: { elicitation: { form: {} } } }
const PUBLIC: CacheOptions = {
  'tools/list': { ttl: '5m', scope: 'public' }, 'server/discover': { ttl: '1h', scope: 'public' }
}

/** An endpoint over HTTP, in front of one kind of server. */
class Served {
  constructor (readonly kind: Kind, readonly front: Front, readonly url: string) {}

  async post (request: Sent, user?: string, signal?: AbortSignal): Promise<Response> {
    const { body, headers } = sent(request)
    return await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json', ...headers as Record<string, string>, ...(user && { 'x-user': user })
      },
      body: JSON.stringify(body),
      ...(signal && { signal })
    })
  }

  async do (what: string, more: Sent = {}, user?: string, signal?: AbortSignal): Promise<Response> {
    const params = { name: 'do', arguments: { what }, ...more.params }
    return await this.post({ ...more, params }, user, signal)
  }
}

type Options = Partial<KindOptions & ModernEndpointOptions>

async function start (t: Test, make: (options: KindOptions) => Kind, options: Options = {}): Promise<Served> {
  const { backend = memory(), keyring = new Keyring(generateKey('k1')) } = options
  const kind = make({ ...options, backend, keyring })
  const front = new Front({ legacy: false, server: kind.server, ...options })
  await front.endpoint.start()
  await kind.start()
  const { server, url } = await serve(front.endpoint)
  t.teardown(async () => {
    await front.endpoint.close()
    await kind.stop()
    server.closeAllConnections()
    server.close()
    if (front.errors.length > 0) throw new AggregateError(front.errors, 'a defect')
  })
  return new Served(kind, front, url)
}

const messages = (text: string): any[] =>
  [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data as string))

for (const [name, make] of Object.entries(KINDS)) {
  t.test(`${name}: discover promises nothing that is not served`, async (t) => {
    const served = await start(t, make)
    const { result } = await (await served.post({ method: 'server/discover' })).json() as any
    t.match(result, {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      ttlMs: 0,
      cacheScope: 'private',
      _meta: { [KEYS.server]: { name: 'fixture', version: '1' } }
    })
    t.same(result.capabilities, { logging: {}, tools: {} })
    const listen = await served.post({ method: 'subscriptions/listen' })
    t.equal(listen.status, 404)
    t.match(await listen.json(), { error: { code: -32601 } })
  })

  t.test(`${name}: methods that the revision or the server does not have`, async (t) => {
    const served = await start(t, make)
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'tasks/list', 'no/such']) {
      const reply = await served.post({ method })
      t.equal(reply.status, 404, method)
      t.match(await reply.json(), { error: { code: -32601 } }, method)
    }
    const task = await served.post({ method: 'tasks/get', params: { taskId: 'x' }, headers: { 'mcp-name': 'x' } })
    t.equal(task.status, 404)
    const tool = await served.post({ params: { name: 'no such' } })
    t.equal(tool.status, 200)
  })

  t.test(`${name}: caching hints of the options, and lists as bytes`, async (t) => {
    const served = await start(t, make, { cache: PUBLIC })
    const list = async (): Promise<any> => (await (await served.post({ method: 'tools/list' })).json() as any).result
    const first = await list()
    t.match(first, { ttlMs: 300_000, cacheScope: 'public', tools: [{ name: 'do' }] })
    t.notOk('execution' in first.tools[0])
    let runs = 0
    const { serve } = served.kind.server
    served.kind.server.serve = function (...given) { runs++; return serve.apply(this, given) }
    t.same(await list(), first)
    t.equal(runs, 0)
    served.front.endpoint.changed('tools')
    t.same(await list(), first)
    t.equal(runs, 1)
  })

  t.test(`${name}: progress and log messages, as far as the client asked for them`, async (t) => {
    const served = await start(t, make)
    const silent = await served.do('speak')
    t.equal(silent.headers.get('content-type'), 'application/json')
    t.match(await silent.json(), { result: { content: [{ text: 'spoken' }] } })
    const loud = await served.do('speak', { id: 'x', meta: { progressToken: 'mine', [KEYS.logLevel]: 'warning' } })
    t.equal(loud.headers.get('content-type'), 'text/event-stream')
    t.match(messages(await loud.text()), [
      { method: 'notifications/message', params: { level: 'error', data: 'error' } },
      { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } },
      { id: 'x', result: { content: [{ text: 'spoken' }] } }
    ])
  })

  t.test(`${name}: a handler learns who asks, whatever the ids`, async (t) => {
    const served = await start(t, make)
    const users = Array.from({ length: 40 }, (_, n) => `user-${n % 4}`)
    const answers = await Promise.all(users.map(async (user, n) => {
      const client = { [KEYS.client]: { name: `c${n}`, version: '1' } }
      return (await (await served.do('who', { id: 1, meta: client }, user)).json() as any).result.content[0].text
    }))
    t.same(answers, users.map((user, n) => `${user} c${n}`))
  })

  t.test(`${name}: a disconnect aborts the handler`, async (t) => {
    const served = await start(t, make)
    const controller = new AbortController()
    const waiting = once(served.kind.scene, 'waiting')
    const reply = served.do('wait', {}, 'ada', controller.signal)
    await waiting
    const done = once(served.kind.scene, 'done')
    controller.abort()
    await t.rejects(reply)
    t.same(await done, [true])
    await eventually(() => served.front.endpoint.runningCalls === 0)
  })

  t.test(`${name}: a question, answered on another replica`, async (t) => {
    const common = { backend: memory(), keyring: new Keyring(generateKey('k1')) }
    const [first, second] = [await start(t, make, common), await start(t, make, common)]
    const asked = await (await first.do('ask', { meta: FORMS }, 'ada')).json() as any
    t.match(asked, {
      result: {
        resultType: 'input_required',
        inputRequests: { who: { method: 'elicitation/create', params: { message: 'Who?' } } }
      }
    })
    t.notOk('ttlMs' in asked.result)
    const params = { requestState: asked.result.requestState, inputResponses: ANSWER }
    const retry = { id: 2, meta: FORMS, params }
    t.match(await (await second.do('ask', retry, 'ada')).json(), { id: 2, result: { content: [{ text: 'me' }] } })
    const stolen = await second.do('ask', retry, 'bob')
    t.equal(stolen.status, 200)
    const refused = { code: -32602, data: { reason: 'invalid_request_state' } }
    t.match(await stolen.json(), { id: 2, error: refused })
    t.match(await (await second.do('who', retry, 'ada')).json(), { error: refused }, 'other arguments')
    t.same(first.front.ends, [['tools/call', 'input_required']])
  })

  t.test(`${name}: a client that cannot be asked`, async (t) => {
    const served = await start(t, make)
    const reply = await served.do('ask')
    t.equal(reply.status, 400)
    t.match(await reply.json(), { error: { code: -32021, data: { requiredCapabilities: { elicitation: {} } } } })
  })

  t.test(`${name}: a key that is away, a full process, and a shutdown are 503`, async (t) => {
    const backend = memory()
    const [one, other] = [new Keyring(generateKey('k1')), new Keyring(generateKey('k2'))]
    const first = await start(t, make, { backend, keyring: one, maxCalls: 1 })
    const second = await start(t, make, { backend, keyring: other })
    const unavailable = async (reply: Response): Promise<void> => {
      t.equal(reply.status, 503)
      t.ok(Number(reply.headers.get('retry-after')) > 0)
      t.match(await reply.json(), { error: { code: -32603 } })
    }
    const asked = await (await first.do('ask', { meta: FORMS })).json() as any
    const params = { requestState: asked.result.requestState, inputResponses: ANSWER }
    await unavailable(await second.do('ask', { meta: FORMS, params }))
    const waiting = once(first.kind.scene, 'waiting')
    const reply = first.do('wait')
    await waiting
    await unavailable(await first.do('who'))
    const drained = first.front.endpoint.drain(0)
    await unavailable(await reply)
    await drained
    await unavailable(await first.do('who'))
  })
}

t.test('bridge: too many parked calls are 503', async (t) => {
  const served = await start(t, KINDS.bridge as never, { maxParked: 1 })
  t.equal((await served.do('ask', { meta: FORMS })).status, 200)
  const full = await served.do('ask', { meta: FORMS })
  t.equal(full.status, 503)
  t.equal(full.headers.get('retry-after'), '5')
})

t.test('one endpoint, both kinds of server: each answer belongs to its caller', async (t) => {
  const common: KindOptions = { backend: memory(), keyring: new Keyring(generateKey('k1')) }
  const kinds = Object.values(KINDS).map(make => make(common))
  /** Callers with an even number are served by the one, the others by the other. */
  const serverOf = ({ inbound }: ModernCall): ModernServer =>
    (kinds[Number(inbound.principal?.subject) % 2] as Kind).server
  const server: ModernServer = {
    start: async () => { for (const { server } of kinds) await server.start() },
    serve: async call => await serverOf(call).serve(call),
    cancel: (call, reason) => serverOf(call).cancel(call, reason),
    inputSchema: (call, tool) => serverOf(call).inputSchema(call, tool),
    close: async () => { for (const { server } of kinds) await server.close() }
  }
  const served = await start(t, () => ({ ...kinds[0] as Kind, server }))
  await Promise.all(Array.from({ length: 60 }, async (_, n) => {
    const user = String(n)
    const { result } = await (await served.do('ask', { meta: FORMS }, user)).json() as any
    const inputResponses = { who: { action: 'accept', content: { value: `nonce ${n}` } } }
    const params = { requestState: result.requestState, inputResponses }
    const answered = await (await served.do('ask', { meta: FORMS, params }, user)).json() as any
    t.equal(answered.result.content[0].text, `nonce ${n}`)
    const stolen = await (await served.do('ask', { meta: FORMS, params }, String(n + 2))).json() as any
    t.equal(stolen.error?.code, -32602)
  }))
})
