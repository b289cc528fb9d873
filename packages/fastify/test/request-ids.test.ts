import t from 'tap'
import { latch } from './fixtures/latch.js'
import { RawClient, toolCall, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

t.test('an id in use is refused, and the first call is unharmed', async t => {
  const [running, gate] = [latch(), latch()]
  const { url } = await start(t, {
    createServer: serving({ ...echo, wait: async () => { running.open(); await gate.opened; return 'first' } })
  })
  const client = await RawClient.open(url)
  const first = client.post(toolCall(1, 'wait'))
  await running.opened
  const second = await client.post(toolCall(1, 'echo'))
  t.equal(second.status, 400)
  t.match(await second.json(), { jsonrpc: '2.0', id: 1, error: { code: -32600, message: /in use/ } })
  const other = await client.post(toolCall('1', 'echo', { other: true }))
  t.match(await other.json(), { id: '1', result: {} }, 'a string is another id')
  gate.open()
  t.equal(valueOf(await (await first).json()), 'first')
  t.strictSame(await client.call('echo', { again: 1 }), { again: 1 }, 'an answered id is free')
})

t.test('ids and names may be anything that JSON can say', async t => {
  const { url } = await start(t)
  const client = await RawClient.open(url)
  const ids = [
    '', '__proto__', 'constructor', 'a\r\nid: 1\r\n\r\ndata: x', 'ключ-鍵-🔑', '\u2028', 0, -1, Number.MAX_SAFE_INTEGER
  ]
  for (const id of ids) {
    const response = await client.post(toolCall(id, 'echo', { id }))
    t.equal(response.status, 200)
    t.strictSame(((await response.json()) as any).id, id)
  }
  for (const name of ['a\r\nb', '__proto__', 'инструмент', 'toString']) {
    const response = await client.post(toolCall(1, name))
    t.equal(response.status, 200)
    t.match(await response.json(), { id: 1, result: { isError: true } })
  }
  for (const method of ['__proto__', 'constructor', 'toString', 'a\r\nb', '']) {
    const response = await client.post({ jsonrpc: '2.0', id: 1, method })
    t.match(await response.json(), { id: 1, error: { code: -32601 } }, method)
  }
})

t.test('ids with line breaks do not break a stream', async t => {
  const { url } = await start(t, { responseMode: 'sse' })
  const client = await RawClient.open(url)
  const call = toolCall('x\n\nid: forged\ndata: {}', 'echo', { text: '\r\n\r\nevent: forged' })
  const text = await (await client.post(call)).text()
  t.notMatch(text, /^(?:id: forged|event: forged|data: \{\})/m)
  t.match(text, /^data: \{.*forged.*\}$/m)
})
