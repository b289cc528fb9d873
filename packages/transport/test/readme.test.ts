import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t from 'tap'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

t.test('the example serves the client of the SDK', async (t) => {
  const [, example = ''] = /^```js\n(.*?)^```$/ms.exec(readme) ?? []
  const source = example
    .replace("'@holdfast/transport'", `'${new URL('../dist/index.js', import.meta.url).href}'`)
    .replace('3000', '0')
    .replace(/^const (endpoint|http) /gm, 'export const $1 ')
  const { endpoint, http } = await import(pathToFileURL(join(t.testdir({ 'example.mjs': source }), 'example.mjs')).href)
  await once(http, 'listening')
  t.teardown(async () => {
    await endpoint.drain(1_000)
    http.close()
    await endpoint.close()
  })
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`)
  const client = new Client({ name: 'reader', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(url) as any)
  for (const text of ['1', '2']) t.match(await client.callTool({ name: 'count' }), { content: [{ text }] })
  await client.close()
  t.equal((await fetch(url, { method: 'PUT' })).status, 405)
  t.equal((await fetch(url, { method: 'POST', body: '{' })).status, 400)
})

t.test('every option and every status is listed', async (t) => {
  const options = [
    'sessions', 'createServer', 'serverOptions', 'maxLive', 'dormantAfter', 'factoryTimeout', 'responseMode',
    'streamAfter', 'retry', 'keepAlive', 'maxBuffered', 'heartbeat',
    'standaloneRetry', 'callTimeout', 'stallTimeout', 'maxCalls', 'maxOpenStreams', 'maxSubscriptions',
    'isContext', 'renewEvery'
  ]
  for (const option of options) t.match(readme, new RegExp(`^\\| \`${option}[\`(]`, 'm'))
  t.ok(readme.split('\n').length <= 151)
})
