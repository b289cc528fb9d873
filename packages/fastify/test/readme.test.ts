import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { sqlite } from '@holdfast/sqlite'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import Type from 'typebox'
import holdfast, { generateKey } from '../dist/index.js'
import { callTool, connect } from './fixtures/connect.js'
import { folder } from './fixtures/folder.js'
import { RawClient } from './fixtures/raw-client.js'
import { serving } from './fixtures/tools.js'

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
const [example, inFile, withPrincipal] =
  [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

t.test('the example runs as it stands', async t => {
  const directory = t.testdir({ 'example.mjs': example as string })
  const child = spawn(process.execPath, [join(directory, 'example.mjs')], {
    env: { ...process.env, PORT: '0', NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = once(child, 'exit')
  t.teardown(async () => { child.kill(); await exited })
  const [address] = await once(createInterface(child.stdout), 'line')
  const { client } = await connect(t, new URL('/mcp', address))
  t.equal(await callTool(client, 'add', { by: 2 }), 2)
  t.equal(await callTool(client, 'add'), 3)
})

t.test('the second example keeps sessions across a restart', async t => {
  const directory = await folder(t)
  const source = (inFile as string).replaceAll(/^import .*$/gm, '')
    .replace('./sessions/sessions.db', join(directory, 'sessions', 'sessions.db'))
  const head = 'export async function register (app, holdfast, createServer, sqlite)'
  await writeFile(join(directory, 'register.mjs'), `${head} {\n${source}}\n`)
  const { register } = await import(pathToFileURL(join(directory, 'register.mjs')).href)
  t.teardown(() => { delete process.env.HOLDFAST_KEYS })
  process.env.HOLDFAST_KEYS = generateKey()
  const run = async (): Promise<{ app: FastifyInstance, url: URL }> => {
    const app = Fastify({ forceCloseConnections: true })
    t.teardown(async () => { await app.close() })
    await register(app, holdfast, serving(), sqlite)
    return { app, url: new URL('/mcp', await app.listen({ host: '127.0.0.1', port: 0 })) }
  }
  const first = await run()
  const client = await RawClient.open(first.url)
  await first.app.close()
  t.strictSame(await client.at((await run()).url).call('echo', { fine: true }), { fine: true })
})

t.test('the options of the third example work as it says', async t => {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(async () => { await app.close() })
  app.decorateRequest('user')
  const user = { iss: 'idp', sub: 'me', azp: 'app', org: 'tenant', token: 'x', scopes: ['a'] }
  app.addHook('onRequest', async request => {
    if (request.headers.authorization !== undefined) Object.assign(request, { user })
  })
  const createServer = serving({
    all: ({ session, extra }) => [session.principal, session.context, extra.authInfo?.scopes]
  })
  const head = 'export async function register (app, holdfast, createServer, Type, credentialsOf)'
  const directory = t.testdir({ 'register.mjs': `${head} {\n${withPrincipal?.replaceAll(/^import .*$/gm, '')}}\n` })
  const { register } = await import(pathToFileURL(join(directory, 'register.mjs')).href)
  await register(app, holdfast, createServer, Type, async (org: string) => ({ apiUrl: `https://${org}`, apiKey: 'k' }))
  const url = new URL('/mcp', await app.listen({ host: '127.0.0.1', port: 0 }))
  await t.rejects(RawClient.open(url), /401/)
  const client = await RawClient.open(url, { headers: { authorization: 'Bearer x' } })
  t.strictSame(await client.call('all'), [
    { issuer: 'idp', subject: 'me', clientId: 'app', tenantId: 'tenant' },
    { apiUrl: 'https://tenant', apiKey: 'k' },
    ['a']
  ])
})

t.test('the table of app.mcpSessions has every member, one by one', async t => {
  const [, table = ''] = /^## The sessions of your application.*?(^\| member .*?)\n\n/ms.exec(readme) ?? []
  const listed = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names]) => [...names!.matchAll(/`(\w+)/g)])
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer: serving() })
  const sessions = app.mcpSessions
  const members = new Set([
    ...Object.keys(sessions), ...['on', 'emit'],
    ...Object.getOwnPropertyNames(Object.getPrototypeOf(sessions)).filter(name => name !== 'constructor')
  ])
  t.strictSame(listed.map(([, name]) => name).sort(), [...members].sort())
})
