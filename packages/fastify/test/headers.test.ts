import { connect } from 'node:net'
import { allEvents } from '@holdfast/clients/events'
import t from 'tap'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
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

t.test('what is repeated, empty, padded or oddly cased is read as it is meant', async t => {
  const { url } = await start(t)
  const { id } = await RawClient.open(url)
  const open = async (...lines: string[]): Promise<string> =>
    await raw(url, `${['GET /mcp HTTP/1.1', `Host: ${url.host}`, ...lines].join('\r\n')}\r\n\r\n`)
  const mine = `Mcp-Session-Id: ${id}`
  const accept = 'Accept: text/event-stream'

  for (const lines of [
    [accept, mine, `MCP-SESSION-ID: ${id}`],
    [accept, `mcp-session-id:\t ${id} \t`],
    [accept, `Mcp-Session-Id: ${id}, ${id},`],
    [accept, 'Mcp-Session-Id:', mine],
    [accept, mine, 'MCP-Protocol-Version: 2025-11-25', 'mcp-protocol-version:2025-11-25'],
    [accept, mine, 'MCP-Protocol-Version:'],
    [accept, mine, 'Last-Event-ID:'],
    [mine, 'ACCEPT:  Text/Event-STREAM ; charset=utf-8'],
    [mine, 'Accept: text/html', 'Accept: text/event-stream;q=0.1']
  ]) t.match(await open(...lines), ' 200 ', lines.join(' | '))
})

t.test('what names two things, or nothing, is refused', async t => {
  const { url } = await start(t, { responseMode: 'sse' })
  const client = await RawClient.open(url)
  const other = await RawClient.open(url)
  const [{ id: theirs } = {}] = await allEvents(await other.start('echo'))
  t.match(theirs, /\w+\.\d+/)
  const open = async (...lines: string[]): Promise<string> =>
    await raw(url, `${['GET /mcp HTTP/1.1', `Host: ${url.host}`, ...lines].join('\r\n')}\r\n\r\n`)
  const mine = `Mcp-Session-Id: ${client.id}`
  const accept = 'Accept: text/event-stream'

  for (const [status, ...lines] of [
    [' 400 ', accept, 'Mcp-Session-Id:'],
    [' 404 ', accept, `Mcp-Session-Id: ${client.id}, ${other.id}`],
    [' 404 ', accept, mine, `Mcp-Session-Id: ${other.id}`],
    [' 404 ', accept, `Mcp-Session-Id: ${client.id}.`],
    [' 400 ', accept, mine, 'MCP-Protocol-Version: 2025-11-25', 'MCP-Protocol-Version: 2025-06-18'],
    [' 400 ', accept, mine, `Last-Event-ID: ${theirs}`],
    [' 400 ', accept, mine, `Last-Event-ID: ${theirs}`, 'Last-Event-ID: a.1'],
    [' 400 ', accept, mine, 'Last-Event-ID: .'],
    [' 431 ', accept, mine, `Last-Event-ID: ${'x'.repeat(65_536)}`],
    [' 406 ', mine],
    [' 406 ', mine, 'Accept:'],
    [' 406 ', mine, 'Accept: */*;q=0'],
    [' 406 ', mine, 'Accept: application/json', 'Accept: text/html']
  ] as const) t.match(await open(...lines), status, lines.join(' | ').slice(0, 200))
  t.equal((await other.resume(String(theirs))).status, 200, 'in its own session it is good')
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})

t.test('a media type may be repeated, but not replaced', async t => {
  const { url } = await start(t)
  const body = JSON.stringify(initializeRequest())
  const send = async (...types: string[]): Promise<string> => await raw(url, [
    'POST /mcp HTTP/1.1', `Host: ${url.host}`, `Content-Length: ${body.length}`, 'Accept: */*',
    ...types.map(type => `Content-Type: ${type}`), '', body
  ].join('\r\n'))

  for (const types of [
    ['Application/JSON'], ['application/json ; charset="UTF-8"'], ['application/json;'],
    ['application/json, application/json'], ['application/json', 'application/json'], [', application/json']
  ]) t.match(await send(...types), ' 200 ', types.join(' | '))
  for (const types of [
    [], [''], [','], ['text/plain'], ['application/json, text/plain'], ['text/plain', 'application/json'],
    ['application/jsonp'], ['text/plain; a=application/json'], ['application/json x']
  ]) t.match(await send(...types), ' 415 ', types.join(' | '))
})
