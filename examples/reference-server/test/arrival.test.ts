import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import t from 'tap'
import { call, open, post } from '@holdfast/clients/by-hand'
import { listening } from './fixtures/listening.js'

/** What the server says on a connection on which this is sent, and nothing more, until it ends it. */
async function unfinished ({ hostname, port }: URL, text: string): Promise<string> {
  const socket: Socket = connect(Number(port), hostname)
  let said = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => { said += chunk })
  socket.write(text)
  await once(socket, 'close')
  return said
}

const HEAD = 'POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n' +
  'accept: application/json, text/event-stream\r\n'
const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

t.test('a request that never arrives in full is answered 408, and its socket ends', async t => {
  const url = await listening(t, { HOLDFAST_REQUEST_TIMEOUT: '300ms' })
  const requests = {
    'half a head': HEAD,
    'no body': `${HEAD}content-length: 100\r\n\r\n`,
    'half a body': `${HEAD}content-length: 100\r\n\r\n{"jsonrpc":`,
    'a chunk too few': `${HEAD}transfer-encoding: chunked\r\n\r\n3\r\n{"j\r\n`,
    'one whole request, and then half a head': `${HEAD}content-length: ${BODY.length}\r\n\r\n${BODY}POST /mcp HT`
  }
  await Promise.all(Object.entries(requests).map(async ([what, text]) => {
    t.match(await unfinished(url, text), /HTTP\/1\.1 408 Request Timeout\r\n[^]*$/, what)
  }))
})

t.test('a call and a stream may stay silent for longer than a request may take to arrive', async t => {
  const url = await listening(t, { HOLDFAST_REQUEST_TIMEOUT: '6s' })
  const session = await open(url)
  const stream = await fetch(url, { headers: { ...session, accept: 'text/event-stream' } })
  const reply = await post(url, call('countdown', { steps: 7, intervalMs: 1_000 }), session)
  t.match(await reply.text(), /"steps":7/)
  const told = (async () => {
    let said = ''
    for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      said += chunk
      if (said.includes('still here')) return said
    }
    return said
  })()
  t.equal((await post(url, call('announce', { text: 'still here' }), session)).status, 200)
  t.match(await told, 'still here')
})
