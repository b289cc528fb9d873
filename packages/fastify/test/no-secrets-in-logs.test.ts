import { readFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { memory } from '@holdfast/memory'
import t from 'tap'
import Type from 'typebox'
import { Keyring, file } from '../dist/index.js'
import { events } from '@holdfast/clients/events'
import { folder } from './fixtures/folder.js'
import { k1, k2 } from './fixtures/keys.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, say, serving } from './fixtures/tools.js'

t.test('no id, token, context, argument or result reaches a log, whatever happens', async t => {
  const lines: string[] = []
  const stream = new Writable({ write: (chunk, _, done) => { lines.push(String(chunk)); done() } })
  const warnings: string[] = []
  const warned = (warning: Error): void => { warnings.push(inspect(warning)) }
  process.on('warning', warned)
  t.teardown(() => { process.off('warning', warned) })
  const backend = memory()
  let context: unknown = { apiKey: 'canary-context' }
  let broken = false
  const path = `${await folder(t)}/sessions`
  const keys = new Keyring(`${k2},${k1}`)
  const { url, app } = await start(t, {
    backend,
    keys,
    snapshot: file(path, { every: 20 }),
    limits: { maxPerOwner: 3 },
    live: { max: 1, startTimeout: 50 },
    principal: ({ headers: { authorization, 'x-user': user } }) =>
      authorization === undefined ? undefined : { subject: String(user ?? 'me') },
    authInfo: ({ headers }) => ({ token: String(headers.authorization), clientId: 'app', scopes: [] }),
    context: { schema: Type.Object({ apiKey: Type.String({ pattern: '^can' }) }), resolve: () => context as any },
    createServer: (session, shared) => {
      if (broken) throw new Error('the factory is broken')
      return serving({
        ...echo,
        say: async call => { await say(call, 'canary-message'); return 'canary-result' },
        end: async () => await session.terminate(),
        fail: () => { throw new Error('canary-tool-error') }
      })(session, shared)
    }
  }, {
    fastify: { logger: { level: 'trace', stream } },
    before: app => {
      // Applications log what they have at hand.
      app.addHook('onResponse', async request => { request.log.info({ session: request.mcpSession }, 'answered') })
    }
  })
  app.mcpSessions.on('created', notice => app.log.info(notice, 'created'))
  app.mcpSessions.on('terminated', notice => app.log.info(notice, 'terminated'))
  const headers = { authorization: 'Bearer canary-token' }
  const ids: string[] = []
  const open = async (user = 'me'): Promise<RawClient> => {
    const client = await RawClient.open(url, { headers: { ...headers, 'x-user': user } })
    ids.push(client.id)
    return client
  }
  const client = await open()
  const other = await open('you')
  await client.call('echo', { secret: 'canary-argument' })
  await (await client.start('say')).text()
  await (await client.start('fail')).text()
  const standalone = events(await client.get())
  await standalone.next()
  await standalone.return()
  await client.at(url, { 'x-user': 'you' }).get()
  await client.at(url, { 'mcp-session-id': 'canary-unknown' }).get()
  await client.post('{"canary-body":')
  await client.post('{"canary-body":1}', { 'content-type': 'text/canary' })
  await client.post(`"${'canary'.repeat(800_000)}"`)
  await client.resume('canary-event.1')
  await client.post(toolCall(1, 'echo'), { 'mcp-protocol-version': 'canary-version' })
  const bare = new RawClient(url, { accept: '*/*', 'mcp-session-id': 'canary-chosen' })
  await bare.post(initializeRequest())
  context = { apiKey: 'secret-canary' }
  t.equal((await bare.post(initializeRequest(), headers)).status, 400)
  context = 1n
  await bare.post(initializeRequest(), headers)
  context = { apiKey: 'canary-context' }
  await open()
  await open()
  t.equal((await bare.post(initializeRequest(), headers)).status, 503)
  broken = true
  t.equal((await other.start('echo')).status, 500)
  broken = false
  const { touch } = backend.records
  backend.records.touch = async () => { throw new Error('connection refused') }
  t.equal((await client.start('echo')).status, 503)
  backend.records.touch = touch
  t.strictSame(await client.call('echo', {}), {})
  backend.records.touch = async (key, version) => {
    const record = await touch.call(backend.records, key, version)
    return typeof record === 'object' ? { ...record, body: Buffer.from('{"canary":"damaged"') } : record
  }
  t.equal((await other.start('echo')).status, 404)
  backend.records.touch = touch
  await other.call('end')
  await client.delete()
  const errors: unknown[] = []
  const sessions = app.mcpSessions
  const failing = async (work: () => Promise<unknown>): Promise<void> => {
    await t.rejects(work().catch(error => { errors.push(error); throw error }))
  }
  const write = async (): Promise<void> => {}
  const text = (...texts: string[]): any => async function * () { yield * texts }
  await failing(async () => await sessions.dropKey('k2'))
  const full = async (): Promise<void> => { throw new Error('ENOSPC') }
  await failing(async () => await sessions.exportSessionState({ read: () => undefined, write: full }))
  const unreadable = async (): Promise<never> => { throw new Error('EIO') }
  await failing(async () => await sessions.restoreSessionState({ read: unreadable, write }))
  app.log.info(await sessions.rotate(), 'rotated')
  const damaged = (await readFile(path, 'utf8')).replaceAll('"body":"', '"body":"A')
  const report = await sessions.restoreSessionState({ read: text(damaged, '{"canary":1}'), write })
  t.ok(report.invalid.length > 1)
  app.log.info(report, 'restored')
  const imported = JSON.stringify([
    { sessionId: 'canary-id', context: 'canary' },
    'canary',
    { sessionId: 'canary-id', metadata: { createdAt: 'canary' } }
  ])
  const n8nMcp = await sessions.restoreSessionState({ read: text(imported), write }, { n8nMcp: {} })
  t.equal(n8nMcp.invalid.length, 3)
  app.log.info(n8nMcp, 'imported')
  keys.replace(k1)
  t.equal((await client.at(url, { 'mcp-session-id': ids.at(-1) as string }).start('echo')).status, 503)
  keys.replace(`${k2},${k1}`)
  await app.close()
  const deeply = { depth: 9, showHidden: true }
  const shown = errors.map(error => inspect(error, deeply)).join() +
    inspect([keys, sessions.snapshot, report, n8nMcp], deeply) + JSON.stringify([keys, errors, report])
  const snapshot = await readFile(path, 'utf8')
  const material = [k1, k2].map(key => key.slice(3, 20))
  for (const secret of ['canary', ...ids, ...material]) {
    t.notOk(shown.includes(secret), 'in an error or report')
    t.notOk(snapshot.includes(secret), 'in the snapshot')
    t.notOk(snapshot.includes(Buffer.from(secret).toString('base64url').slice(0, -2)), 'encoded in the snapshot')
  }
  const log = lines.join('\n')
  t.ok(lines.length > 50)
  t.match(log, 'the factory is broken')
  t.match(log, 'the backend does not answer')
  t.match(log, 'the backend answers again')
  t.match(log, 'a stored session cannot be opened')
  t.match(log, 'does not match its schema')
  t.match(log, 'a snapshot was written')
  for (const secret of ['canary', ...ids, ...material]) t.strictSame(lines.filter(line => line.includes(secret)), [])
  t.strictSame(warnings, [])
})

t.test('a session that is printed shows neither its id nor what it keeps', async t => {
  let printed = ''
  const { url } = await start(t, {
    context: { resolve: () => ({ key: 'canary' }) },
    createServer: serving({
      print: ({ session }) => {
        printed = inspect(session, { depth: 10, showHidden: true }) + JSON.stringify({ session }) + String(session)
      }
    })
  })
  const client = await RawClient.open(url)
  await client.call('print')
  t.match(printed, 'McpSession')
  t.notOk(printed.includes(client.id))
  t.notMatch(printed, 'canary')
})
