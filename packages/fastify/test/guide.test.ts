import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify from 'fastify'
import t from 'tap'
import holdfast, { Keyring, file } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { k1, k2 } from './fixtures/keys.js'
import { RawClient } from './fixtures/raw-client.js'
import { serving } from './fixtures/tools.js'

const guide = await readFile(new URL('../../../docs/snapshots-and-keys.md', import.meta.url), 'utf8')
const [setup = '', rotation = '', importing = ''] =
  [...guide.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

t.test('what the guide to snapshots and keys says can be run as it stands', async t => {
  const directory = await folder(t)
  const signals: Record<string, () => void> = {}
  const env: Record<string, string> = { HOLDFAST_KEYS: `${k2},${k1}` }
  const process = { env, once: (name: string, listener: () => void) => { signals[name] = listener } }
  const context = { process, holdfast, Keyring, file, createServer: serving() }
  const write = async (name: string, code: string): Promise<any> => {
    const body = code.replaceAll(/^import .*$/gm, '')
      .replace('./data', directory).replace('./n8n', join(directory, 'n8n'))
    const run = 'export async function run (app, { process, holdfast, Keyring, file, createServer })'
    const end = name === 'importing' ? 'return report' : ''
    await writeFile(join(directory, `${name}.mjs`), `${run} {\n${body}\n${end}}\n`)
    return (await import(pathToFileURL(join(directory, `${name}.mjs`)).href)).run
  }
  const run = async (): Promise<any> => {
    const app = Fastify({ forceCloseConnections: true })
    t.teardown(async () => { await app.close() })
    await (await write('setup', setup))(app, context)
    return { app, url: new URL('/mcp', await app.listen({ host: '127.0.0.1', port: 0 })) }
  }
  const first = await run()
  const client = await RawClient.open(first.url)
  const closed = once(first.app.server, 'close')
  signals.SIGTERM?.()
  await closed
  await first.app.close()
  const second = await run()
  t.strictSame(await client.at(second.url).call('echo', { fine: true }), { fine: true })
  await (await write('rotation', rotation))(second.app, context)
  t.strictSame([...(await second.app.mcpSessions.keysInUse()).keys()], ['k2'])
  const now = new Date().toISOString()
  const session = {
    sessionId: 'a-session',
    metadata: { createdAt: now, lastAccess: now },
    context: { n8nApiUrl: 'https://n8n.example.com', n8nApiKey: 'x' }
  }
  await writeFile(join(directory, 'n8n-sessions.json'), JSON.stringify([session]))
  t.match(await (await write('importing', importing))(second.app, context), { restored: 1, invalid: [] })
})
