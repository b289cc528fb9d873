import { createCipheriv, randomBytes } from 'node:crypto'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t, { type Test } from 'tap'
import { type SnapshotStore, file } from '../dist/index.js'
import { callTool } from './fixtures/connect.js'
import { events, nextMessage } from '@holdfast/clients/events'
import { folder } from './fixtures/folder.js'
import { k1 } from './fixtures/keys.js'
import { RawClient, toolCall } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

const IDS = ['a', 'b', 'c', 'd', 'e'].map(name => `instance-user1-${name}-0f8fad5b-d9cb-469f-a165-70867728950e`)

function contextOf (id: string | undefined): object {
  const metadata = { plan: 'pro' }
  return { n8nApiUrl: 'https://n8n.example.com', n8nApiKey: `key of ${id}`, instanceId: 'one', metadata }
}

/** What n8n-mcp's `exportSessionState` gives. */
function exported (): object[] {
  const now = new Date().toISOString()
  return IDS.map(sessionId => ({
    sessionId, metadata: { createdAt: now, lastAccess: now }, context: contextOf(sessionId)
  }))
}

function from (text: string): SnapshotStore {
  const read = async function * (): AsyncGenerator<string> { yield text }
  return { read: read as unknown as SnapshotStore['read'], write: async () => {}, mayRevive: true }
}

type Importing = Started & { served: () => number }

async function importing (t: Test, text = JSON.stringify(exported()), key?: Buffer): Promise<Importing> {
  let served = 0
  const tools = serving({
    who: ({ session }) => [session.context, session.protocolVersion],
    announce: async ({ server, args }) => {
      await server.server.sendLoggingMessage({ level: 'info', data: args.text })
    },
    ask: async ({ server }) => await server.server.elicitInput({
      mode: 'form', message: '?', requestedSchema: { type: 'object', properties: {} }
    })
  })
  const started = await start(t, {
    keys: k1,
    createServer: (session, shared) => {
      served++
      return tools(session, shared)
    }
  })
  const report = await started.app.mcpSessions.restoreSessionState(from(text), { n8nMcp: { ...(key && { key }) } })
  t.match(report, { restored: IDS.length, invalid: [] })
  return { ...started, served: () => served }
}

function holder (url: URL, id: string | undefined, headers: Record<string, string> = {}): RawClient {
  const accept = 'application/json, text/event-stream'
  return new RawClient(url, { accept, 'mcp-session-id': id as string, ...headers })
}

t.test('sessions of n8n-mcp go on with their ids, whatever the first request is', async t => {
  const { url, served } = await importing(t)
  const [plain, dated, got, twice, ended] = IDS

  t.strictSame(await holder(url, plain).call('who'), [contextOf(plain), '2025-03-26'], 'without a version')
  const newer = holder(url, dated, { 'mcp-protocol-version': '2025-11-25' })
  const list = await newer.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  t.match(await list.json(), { result: { tools: [{ name: 'who' }, {}, {}] } })
  t.strictSame(await newer.call('who'), [contextOf(dated), '2025-11-25'])
  t.equal((await holder(url, dated, { 'mcp-protocol-version': '2026-07-28' }).start('who')).status, 400)
  await t.rejects(newer.call('ask'), /does not support/, 'nothing is known of what the client can do')

  const stream = events(await holder(url, got).get())
  await stream.next()
  await holder(url, got).call('announce', { text: 'hello' })
  t.equal((await nextMessage(stream)).message.params.data, 'hello', 'a stream first')
  await stream.return()

  const before = served()
  const answers = await Promise.all(['2025-06-18', '2025-11-25'].map(async version =>
    await holder(url, twice, { 'mcp-protocol-version': version }).post(toolCall(version, 'who'))))
  t.strictSame(answers.map(({ status }) => status), [200, 200], 'two at once')
  t.equal(served() - before, 1, 'one server')
  const [one, two] = await Promise.all(answers.map(async answer =>
    ((await answer.json()) as any).result.content[0].text))
  t.equal(one, two)

  t.equal((await holder(url, ended).notify('notifications/initialized')).status, 202)
  t.equal((await holder(url, ended).delete()).status, 200)
  t.equal((await holder(url, ended).start('who')).status, 404)
})

t.test('a client of the SDK that held on to its session id does not notice', async t => {
  const { url } = await importing(t)
  const client = new Client({ name: 'client-v1', version: '1.0.0' })
  t.teardown(async () => { await client.close() })
  await client.connect(new StreamableHTTPClientTransport(url, { sessionId: IDS[0] as string }))
  t.match(await client.listTools(), { tools: [{ name: 'who' }, {}, {}] })
  t.match(await callTool(client, 'who'), [{ n8nApiKey: `key of ${IDS[0]}` }, '2025-03-26'])
})

t.test('its encrypted file is read with its key', async t => {
  const key = randomBytes(32)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const sealed = Buffer.concat([cipher.update(JSON.stringify(exported())), cipher.final()])
  const text = [iv, cipher.getAuthTag(), sealed].map(part => part.toString('base64')).join(':')
  const { url } = await importing(t, text, key)
  t.match(await holder(url, IDS[3]).call('who'), [{ instanceId: 'one' }, '2025-03-26'])
})

t.test('they are in the next snapshot, used or not', async t => {
  const path = `${await folder(t)}/sessions`
  const createServer = serving({ who: ({ session }) => session.protocolVersion })
  const first = await start(t, { keys: k1, snapshot: file(path), createServer })
  await first.app.mcpSessions.restoreSessionState(from(JSON.stringify(exported())), { n8nMcp: {} })
  t.equal(await holder(first.url, IDS[0], { 'mcp-protocol-version': '2025-11-25' }).call('who'), '2025-11-25')
  await first.app.close()
  const second = await start(t, { keys: k1, snapshot: file(path), createServer })
  t.equal(await holder(second.url, IDS[0]).call('who'), '2025-11-25', 'what the first request brought stays')
  t.equal(await holder(second.url, IDS[1], { 'mcp-protocol-version': '2025-06-18' }).call('who'), '2025-06-18')
})
