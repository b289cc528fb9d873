import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import Type from 'typebox'
import holdfast from '../dist/index.js'
import { type Answer, ask } from './fixtures/admin.js'
import { serving } from './fixtures/tools.js'

/** An app made by the last example with `admin` in a document, behind a hook that reads the roles of the client. */
async function appOf (t: Test, document: string): Promise<FastifyInstance> {
  const text = await readFile(new URL(document, import.meta.url), 'utf8')
  const snippets = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)
  const code = snippets.findLast(code => code.includes('admin:'))?.replaceAll(/^import .*$/gm, '')
  const directory = t.testdir({
    'register.mjs': `export async function register (app, holdfast, createServer, Type) {\n${code}}\n`
  })
  const { register } = await import(pathToFileURL(join(directory, 'register.mjs')).href)
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  app.decorateRequest('user')
  app.addHook('onRequest', async request => {
    const { 'x-roles': roles } = request.headers
    if (typeof roles === 'string') Object.assign(request, { user: { roles: roles.split(',') } })
  })
  await register(app, holdfast, serving(), Type)
  return app
}

const as = async (app: FastifyInstance, roles?: string): Promise<Answer[]> => {
  const headers = { ...(roles !== undefined && { 'x-roles': roles }), 'content-type': 'application/x-ndjson' }
  return [
    await ask(app, 'GET', '/mcp-sessions', { headers }),
    await ask(app, 'POST', '/mcp-sessions/restore', { headers, payload: 'x' })
  ]
}

for (const [document, unknown] of [['../../../docs/admin.md', 401], ['../README.md', 403]] as const) {
  t.test(`${document} shows a guard that works as it says`, async t => {
    process.env.API_KEY = 'hush'
    t.teardown(() => { delete process.env.API_KEY })
    const app = await appOf(t, document)
    t.strictSame((await as(app)).map(({ status }) => status), [unknown, unknown])
    t.strictSame((await as(app, 'guest')).map(({ status }) => status), [403, 403])
    t.strictSame((await as(app, 'support')).map(({ status }) => status), [200, 403])
    t.equal((await as(app, 'support,operator'))[1]?.status, 200)
    await app.mcpSessions.create({ context: { apiUrl: 'https://api.example.com', apiKey: 'hush' } })
    const headers = { 'x-roles': 'support' }
    const { sessions: [{ key }] } = (await ask(app, 'GET', '/mcp-sessions', { headers })).body
    const { context } = (await ask(app, 'GET', `/mcp-sessions/${key}`, { headers })).body
    t.strictSame(context, unknown === 401 ? { apiUrl: 'https://api.example.com', apiKey: '[redacted]' } : '[redacted]')
  })
}
