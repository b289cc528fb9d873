import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import cors from '@fastify/cors'
import { initialize, open, post } from '@holdfast/clients/by-hand'
import holdfast from '@holdfast/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createServer } from './fixtures/create-server.js'
import { Log } from './fixtures/log.js'
import { listening } from './fixtures/start.js'
import { wholeSession } from './fixtures/whole-session.js'

const ALLOWED = 'https://app.example.com'
const OTHER = 'https://evil.example'

/** An app that follows the recipe of the documentation. */
async function recipe (t: Test): Promise<{ url: URL, log: Log }> {
  const page = await readFile(new URL('../../../docs/fastify-plugins.md', import.meta.url), 'utf8')
  const [, code = ''] = /^```js\n(import cors .*?)^```$/ms.exec(page) ?? []
  const body = code.replace(/^import .*$/gm, '')
  const directory = t.testdir({
    'register.mjs': `export async function register (app, cors, holdfast, createServer) {\n${body}}\n`
  })
  const { register } = await import(pathToFileURL(join(directory, 'register.mjs')).href) as {
    register: (app: FastifyInstance, ...given: unknown[]) => Promise<void>
  }
  const log = new Log()
  const app = Fastify(log.fastify)
  t.teardown(async () => { await app.close() })
  await register(app, cors, holdfast, createServer())
  return { url: await listening(app), log }
}

/** What a browser asks before it lets a page send a request. */
async function preflight (url: URL, origin: string, method: string): Promise<Response> {
  return await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'content-type,mcp-protocol-version,mcp-session-id'
    }
  })
}

t.test('with the recipe for CORS, a page of an allowed origin has a whole session', async t => {
  const { url } = await recipe(t)
  for (const method of ['POST', 'GET', 'DELETE']) {
    const { status, headers } = await preflight(url, ALLOWED, method)
    t.equal(status, 204)
    t.equal(headers.get('access-control-allow-origin'), ALLOWED)
    t.match(headers.get('access-control-allow-methods'), method)
    const named = headers.get('access-control-allow-headers')?.toLowerCase().split(/, */)
    for (const name of ['content-type', 'authorization', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id']) {
      t.ok(named?.includes(name), `a page may send ${name}`)
    }
  }
  const { answers } = await wholeSession(t, url, { origin: ALLOWED })
  for (const { method, status, headers } of answers) {
    t.equal(headers.get('access-control-allow-origin'), ALLOWED, `${method} ${status}`)
    t.match(headers.get('access-control-expose-headers'), 'Mcp-Session-Id', 'a page may read the id')
  }
})

t.test('with the recipe, a page of another origin is refused, and the log names the option once', async t => {
  const { url, log } = await recipe(t)
  const before = await preflight(url, OTHER, 'POST')
  t.equal(before.headers.get('access-control-allow-origin'), null, 'a browser stops here')
  const session = await open(url, { origin: ALLOWED })
  for (let times = 0; times < 3; times++) {
    const refused = await post(url, initialize(), { origin: OTHER })
    t.equal(refused.status, 403)
    t.match(await refused.json(), { error: { message: /Origin/ } })
    const stream = await fetch(url, { headers: { ...session, accept: 'text/event-stream', origin: OTHER } })
    t.equal(stream.status, 403)
    await stream.text()
  }
  const about = log.warnings.filter(({ msg }) => /allowedOrigins/.test(msg))
  t.match(about, [{ level: 40, origin: OTHER }])
  t.equal(about.length, 1)
})

t.test('CORS without allowedOrigins lets the preflight pass, and the log says what else is needed', async t => {
  const log = new Log()
  const app = Fastify(log.fastify)
  t.teardown(async () => { await app.close() })
  await app.register(cors, { origin: ALLOWED })
  await app.register(holdfast, { createServer: createServer() })
  const url = await listening(app)
  t.equal((await preflight(url, ALLOWED, 'POST')).status, 204)
  const refused = await post(url, initialize(), { origin: ALLOWED })
  t.equal(refused.status, 403)
  await refused.text()
  t.match(log.warnings.filter(({ msg }) => /allowedOrigins/.test(msg)), [{ origin: ALLOWED }])
})
