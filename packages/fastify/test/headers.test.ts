import { connect } from 'node:net'
import t from 'tap'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

/** Sends bytes, and resolves to the first line of the answer. */
async function raw (url: URL, text: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(url.port), url.hostname, () => { socket.write(text, 'latin1') })
    socket.setEncoding('latin1').on('data', part => {
      answer += String(part)
      if (answer.includes('\r\n\r\n')) socket.destroy()
    }).on('error', reject).on('close', () => resolve(answer.split('\r\n', 1)[0] as string))
  })
}

t.test('headers that are too large or malformed cost the request only', async t => {
  const { url } = await start(t)
  const client = await RawClient.open(url)
  const head = `GET /mcp HTTP/1.1\r\nHost: ${url.host}\r\nAccept: text/event-stream\r\n`
  const get = (header: string): string => `${head}${header}\r\n\r\n`
  t.match(await raw(url, get(`Mcp-Session-Id: ${'x'.repeat(65_536)}`)), ' 431 ')
  t.match(await raw(url, get(`X-Padding: ${'x'.repeat(65_536)}`)), ' 431 ')
  t.match(await raw(url, get('Mcp-Session-Id: a\rb')), ' 400 ')
  t.match(await raw(url, get('Mcp-Session-Id: a\0b')), ' 400 ')
  t.match(await raw(url, get('Mcp-Session-Id: \xff\xfe')), ' 404 ')
  const twice = get(`Mcp-Session-Id: ${client.id}\r\nMcp-Session-Id: ${client.id}`)
  t.match(await raw(url, twice), ' 200 ', 'copies that agree are one')
  t.match(await raw(url, get(`Mcp-Session-Id: ${client.id}\r\nMcp-Session-Id: x`)), ' 404 ')
  t.match(await raw(url, get(`Mcp-Session-Id: ${client.id}\r\nLast-Event-ID: \xff`)), ' 400 ')
  t.match(await raw(url, 'GET /mcp HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n'), ' 403 ', 'no Host at all')
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})
