import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import type { AdminAction } from '../dist/index.js'
import { type Answer, ask, bearer, startAdmin } from './fixtures/admin.js'
import { Log } from './fixtures/log.js'
import { RawClient } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'

const KEY = `${'a'.repeat(12)}.${'b'.repeat(43)}`
const NDJSON = { 'content-type': 'application/x-ndjson' }

/** Every route, and what it is for. */
const ROUTES: Array<[action: AdminAction, method: 'GET' | 'POST' | 'DELETE', path: string]> = [
  ['list', 'GET', '/mcp-sessions'],
  ['list', 'GET', '/mcp-sessions?cursor=forged&limit=x'],
  ['list', 'GET', '/mcp-sessions/fleet'],
  ['show', 'GET', `/mcp-sessions/${KEY}`],
  ['show', 'GET', '/mcp-sessions/no-key'],
  ['terminate', 'DELETE', `/mcp-sessions/${KEY}`],
  ['terminate', 'POST', '/mcp-sessions/revoke'],
  ['export', 'GET', '/mcp-sessions/export'],
  ['restore', 'POST', '/mcp-sessions/restore']
]

/** A backend that notes whether anybody looked into it. */
function watched (): { backend: ReturnType<typeof memory>, looked: string[] } {
  const backend = memory()
  const looked: string[] = []
  for (const part of ['records', 'events', 'presence'] as const) {
    const methods = backend[part] as unknown as Record<string, (...args: unknown[]) => unknown>
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(methods))) {
      const method = methods[name]
      if (name === 'constructor' || typeof method !== 'function') continue
      methods[name] = async (...args) => {
        looked.push(`${part}.${name}`)
        return await method.apply(backend[part], args)
      }
    }
  }
  return { backend, looked }
}

function isRefused (t: Test, { status, body, headers }: Answer, expected = 403): void {
  t.equal(status, expected)
  const name = expected === 401 ? 'Unauthorized' : 'Forbidden'
  t.strictSame(body, { statusCode: expected, error: name, message: name })
  t.equal(headers['www-authenticate'], expected === 401 ? 'Bearer' : undefined)
}

t.test('there are no admin routes unless they are asked for', async t => {
  const { app } = await start(t)
  for (const [, method, url] of ROUTES) t.equal((await ask(app, method, url)).status, 404)
})

/** What is not exactly true. */
const REFUSALS: Record<string, [verdict: () => unknown, status: number]> = {
  false: [() => false, 403],
  undefined: [() => undefined, 403],
  null: [() => null, 403],
  'a number': [() => 1, 403],
  'a text': [() => 'true', 403],
  'an object': [() => ({ authorized: true }), 403],
  'a promise of false': [async () => false, 403],
  'a promise of a promise in an object': [async () => ({ then: true }), 403],
  'an error': [() => { throw new Error('the directory is down') }, 403],
  'a rejection': [async () => await Promise.reject(new Error('the directory is down')), 403],
  'an error that says 401': [() => fail(401), 401],
  'an error that says 200': [() => fail(200), 403],
  // eslint-disable-next-line prefer-promise-reject-errors
  'null that is thrown': [async () => await Promise.reject(null), 403]
}

function fail (statusCode: number): never {
  throw Object.assign(new Error('token of ada has expired'), { statusCode })
}

for (const [name, [verdict, status]] of Object.entries(REFUSALS)) {
  t.test(`${name} lets nobody in, and nothing is looked up for it`, async t => {
    const { backend, looked } = watched()
    const { app } = await startAdmin(t, { backend, heartbeat: '1h', admin: { authorize: verdict as never } })
    looked.length = 0
    for (const [, method, url] of ROUTES) {
      isRefused(t, await ask(app, method, url), status)
      const payload = method === 'POST' ? '{"holdfast":' : ''
      isRefused(t, await ask(app, method, url, { headers: NDJSON, payload }), status)
    }
    t.strictSame(looked, [])
  })
}

t.test('who may do one thing may do nothing else', async t => {
  const authorize = bearer()
  const asked: string[] = []
  let allowed: AdminAction
  const { app } = await startAdmin(t, {
    admin: {
      authorize: (request, action) => {
        asked.push(action)
        return authorize(request, action) && action === allowed
      }
    }
  })
  for (allowed of ['list', 'show', 'terminate', 'export', 'restore'] as const) {
    for (const [action, method, url] of ROUTES) {
      const answer = await ask(app, method, url)
      t.equal(asked.pop(), action)
      if (action !== allowed) isRefused(t, answer)
      else t.not(answer.status, 403, `${allowed}: ${method} ${url}`)
    }
  }
})

t.test('each request is in the audit, without what it asked for', async t => {
  const log = new Log()
  const authorize = bearer('list')
  const { app } = await startAdmin(t, {
    admin: {
      authorize: (request, action) => {
        if (action === 'export') throw new Error('down')
        return authorize(request, action)
      }
    }
  }, { fastify: { logger: log.logger } })
  const { replica } = app.mcpSessions.fleet
  await ask(app, 'GET', '/mcp-sessions')
  await ask(app, 'GET', `/mcp-sessions/${KEY}`)
  await ask(app, 'GET', '/mcp-sessions/export')
  const audited = log.text.map(line => JSON.parse(line)).filter(({ audit }) => audit === 'admin_request')
  t.match(audited, [
    { level: 30, replica, outcome: 'success', action: 'list', reqId: String },
    { level: 40, replica, outcome: 'refused', action: 'show', reqId: String },
    { level: 40, replica, outcome: 'refused', action: 'export', reqId: String }
  ])
  t.match(log.saying('holdfast: admin.authorize failed'), [{ level: 50, err: { message: 'down' } }])
  t.notOk(log.text.some(line => line.includes('holdfast') && line.includes(KEY)))
})

/** Ways to write a path that a check of paths would overlook. */
const TRICKS = [
  '/mcp-sessions/', '/mcp-sessions//', '//mcp-sessions', '/./mcp-sessions', '/x/../mcp-sessions', '/MCP-SESSIONS',
  '/Mcp-Sessions/Export', '/mcp-sessions/EXPORT', '/mcp-sessions%2F', '/mcp-sessions%2Fexport',
  '/mcp-sessions/%65xport', '/%6dcp-sessions/export', '/mcp-sessions/export/', '/mcp-sessions//export',
  '/mcp-sessions/export%2F', '/mcp-sessions/export;x', '/mcp-sessions;x=1', '/mcp-sessions;/export',
  '/mcp-sessions/export;?x', '/mcp-sessions/export%3Bx', '/mcp-sessions/export%00', '/mcp-sessions/export%20',
  '/mcp-sessions/export?/../../x', '/mcp-sessions/export#x', '/mcp-sessions/..%2Fmcp-sessions%2Fexport',
  '/mcp-sessions/%2e%2e/export', '/mcp-sessions\\export', '/mcp-sessions/%5cexport', `/mcp-sessions/${KEY}/`,
  `/mcp-sessions/${KEY};x`, `/mcp-sessions/${KEY}%2F`, `/mcp-sessions/${KEY}%2F..%2Fexport`,
  `/mcp-sessions/%zz${KEY}`, '/mcp-sessions/__proto__', '/mcp-sessions/constructor', '/mcp-sessions/revoke',
  '/mcp-sessions/revoke/', '/mcp-sessions/restore%2f', '/mcp-sessions/ﬂeet', '/mcp-sessions/fleet%c0%af',
  `/mcp-sessions/${'x'.repeat(500)}`
]
const ROUTERS = {
  'as it comes': {},
  lenient: {
    caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, useSemicolonDelimiter: true
  }
}

for (const [name, routerOptions] of Object.entries(ROUTERS)) {
  t.test(`no way to write a path gets past the guard: a router ${name}`, async t => {
    const { backend, looked } = watched()
    const setting = { fastify: { routerOptions } }
    const refusing = await startAdmin(t, { backend, heartbeat: '1h' }, setting)
    const showing = await startAdmin(t, { admin: { authorize: bearer('show') } }, setting)
    await RawClient.open(showing.url)
    looked.length = 0
    let guarded = 0
    for (const path of TRICKS) {
      for (const method of ['GET', 'POST', 'DELETE'] as const) {
        const answer = await ask(refusing.app, method, path, { headers: NDJSON })
        t.ok([400, 403, 404, 414].includes(answer.status), `${method} ${path}: ${answer.status}`)
        if (answer.status === 403) guarded++
      }
      for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'QUERY'] as const) {
        const { statusCode } = await refusing.app.inject({ method: method as 'HEAD', url: path })
        t.ok([400, 404, 414].includes(statusCode), `${method} ${path}: ${statusCode}`)
      }
      const { status, body } = await ask(showing.app, 'GET', path)
      t.ok([400, 403, 404, 414].includes(status), `shown: ${path}: ${status}`)
      t.notMatch(JSON.stringify(body), /"sessions"|holdfast/, path)
    }
    t.strictSame(looked, [])
    t.ok(guarded > 0)
  })
}

t.test('paths as a socket delivers them', async t => {
  const { url } = await startAdmin(t)
  for (const path of ['/mcp-sessions', '/mcp-sessions/export', '/%6dcp-sessions', '/mcp-sessions/%65xport']) {
    t.equal((await fetch(new URL(path, url))).status, 403)
  }
  for (const path of ['/mcp-sessions/%2e%2e/%2e%2e/mcp-sessions/x', '//mcp-sessions']) {
    t.ok((await fetch(`${url.origin}${path}`)).status >= 400)
  }
})

t.test('the routes may be elsewhere', async t => {
  const { app } = await startAdmin(t, { admin: { authorize: bearer(), path: '/internal/v1/sessions' } })
  t.equal((await ask(app, 'GET', '/internal/v1/sessions')).status, 200)
  t.equal((await ask(app, 'GET', '/mcp-sessions')).status, 404)
})

t.test('authorize runs after the hooks of the application, and may be about what they found', async t => {
  const before = ({ app }: Pick<Started, 'app'>): void => {
    app.decorateRequest('role', '')
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization === undefined) return await reply.code(401).send({ mine: true })
      Object.assign(request, { role: request.headers.authorization })
    })
  }
  const authorize = (request: unknown): boolean => (request as { role: string }).role === 'Bearer admin'
  const { app } = await startAdmin(t, { admin: { authorize } }, { before: app => before({ app }) })
  t.strictSame((await ask(app, 'GET', '/mcp-sessions', { headers: {} })).body, { mine: true })
  t.equal((await ask(app, 'GET', '/mcp-sessions', { headers: { authorization: 'Bearer user' } })).status, 403)
  t.equal((await ask(app, 'GET', '/mcp-sessions')).status, 200)
})

/** What a browser says of a request, and whether it may come in. */
const PAGES: Array<[headers: Record<string, string>, admitted: boolean]> = [
  [{}, true],
  [{ host: 'rebound.example' }, false],
  [{ origin: 'https://evil.example' }, false],
  [{ origin: 'null' }, false],
  [{ origin: 'http://localhost:3000' }, false],
  [{ origin: 'http://localhost' }, true],
  [{ origin: 'http://localhost:80' }, true],
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'same-origin, cross-site' }, false],
  [{ 'sec-fetch-site': '' }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost' }, false]
]

for (const allowedOrigins of [undefined, ['*'], ['https://evil.example', 'null', 'http://localhost:3000']]) {
  t.test(`foreign web pages are refused, with every authorize and allowedOrigins ${allowedOrigins}`, async t => {
    const { app } = await startAdmin(t, { admin: { authorize: () => true }, ...(allowedOrigins && { allowedOrigins }) })
    for (const [headers, admitted] of PAGES) {
      const requests = [
        ['GET', '/mcp-sessions'], ['POST', '/mcp-sessions/revoke', { principal: { subject: 'nobody' } }]
      ] as const
      for (const [method, url, payload] of requests) {
        const answer = await ask(app, method, url, { headers, ...(payload && { payload }) })
        if (admitted) t.equal(answer.status, 200, JSON.stringify(headers))
        else isRefused(t, answer)
      }
    }
  })
}

t.test('what a hook of the application answers or says stands', async t => {
  const challenge = 'Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource"'
  const authorize = (): never => { throw Object.assign(new Error('no token'), { statusCode: 401 }) }
  const { app } = await startAdmin(t, { admin: { authorize } }, {
    before: app => {
      app.addHook('onRequest', async (request, reply) => {
        reply.header('www-authenticate', challenge).header('retry-after', '7')
        const { busy } = request.headers
        if (busy !== undefined) throw Object.assign(new Error('busy'), { statusCode: Number(busy) })
      })
    }
  })
  const refused = await ask(app, 'GET', '/mcp-sessions')
  t.equal(refused.status, 401)
  t.equal(refused.headers['www-authenticate'], challenge)
  const failures = [
    [503, 503, 'Service Unavailable'], [429, 429, 'Too Many Requests'], [502, 502, 'Bad Gateway'],
    [200, 500, 'Internal Server Error'], [4.5, 500, 'Internal Server Error']
  ] as const
  for (const [busy, status, error] of failures) {
    const answer = await ask(app, 'GET', '/mcp-sessions', { headers: { busy: String(busy) } })
    t.match(answer, {
      status, body: { statusCode: status, error }, headers: { 'cache-control': 'no-store', 'retry-after': '7' }
    })
    if (status >= 500) t.equal(answer.body.message, error, 'and says nothing of what is wrong inside')
  }
})

t.test('no answer is kept by a cache', async t => {
  const { app } = await startAdmin(t)
  for (const [, method, url] of ROUTES) t.equal((await ask(app, method, url)).headers['cache-control'], 'no-store')
})
