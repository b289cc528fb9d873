import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { sent } from './fixtures/requests.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

t.test('the example serves', async (t) => {
  const [, example = ''] = /^```js\n(.*?)^```$/ms.exec(readme) ?? []
  const source = example
    .replaceAll(/^(import .* from )'([^']*)'$/gm, (_, start, name) => `${start}'${import.meta.resolve(name)}'`)
    .replace('3000', '0')
    .replace(/^const (endpoint|http) /gm, 'export const $1 ')
  const { endpoint, http } = await import(pathToFileURL(join(t.testdir({ 'example.mjs': source }), 'example.mjs')).href)
  await once(http, 'listening')
  t.teardown(async () => {
    await endpoint.drain(1_000)
    http.close()
    await endpoint.close()
  })
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`
  const { body, headers } = sent({ params: { name: 'hello', arguments: { to: 'you' } } })
  const answered = await fetch(url, { method: 'POST', headers: headers as any, body: JSON.stringify(body) })
  t.match(await answered.json(), { id: 1, result: { content: [{ text: 'Hello, you' }] } })
  t.equal((await fetch(url, { method: 'DELETE' })).status, 405)
})

t.test('every option and every code is listed', async (t) => {
  const options = [
    'server', 'sessions', 'legacy', 'responseMode', 'streamAfter', 'keepAlive', 'stallTimeout', 'maxBuffered',
    'callTimeout', 'maxCalls', 'cache', 'serverInfo', 'serverKey', 'onCall', 'onState',
    'create', 'per', 'maxKeys', 'createTimeout', 'fallback', 'requestState', 'checkLeaks', 'onUnrelated', 'onWarning',
    'sdk', 'createServer', 'serverOptions', 'maxLive', 'dormantAfter', 'factoryTimeout', 'parkTimeout', 'maxParked',
    'maxParkedPerOwner', 'heartbeat', 'onParked'
  ]
  for (const option of options) t.match(readme, new RegExp(`^\\| \`${option}[\`(]`, 'm'))
  for (const option of ['codec', 'ttl', 'once', 'timeout', 'now']) t.match(readme, `\`${option}\``)
  for (const code of [32700, 32600, 32601, 32602, 32603, 32020, 32021, 32022]) t.match(readme, `−${code}`)
  t.ok(readme.split('\n').length <= 301)
})
