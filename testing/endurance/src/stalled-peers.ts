import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

/** Where a peer connects, and a session that it may use. */
interface Target {
  url: URL
  session: Record<string, string>
}

type Peer = (socket: Socket, target: Target) => Promise<void>

const LARGE = 'x'.repeat(100_000)
const PIPELINED = 120

/** Every way in which a peer holds a connection and does nothing more that we know of, by what it has done before. */
const PEERS: Readonly<Record<string, Peer>> = {
  'has said nothing': async () => {},
  'has sent half a header': async (socket, { url }) => {
    socket.write(`POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nX-Half: `)
  },
  'has been served, and is silent': async (socket, { url }) => {
    await served(socket, url)
  },
  'has been served, and has sent half a header': async (socket, { url }) => {
    await served(socket, url)
    socket.write(`POST ${url.pathname} HTTP/1.1\r\nHo`)
  },
  'has sent half a body, without credentials': async (socket, { url }) => {
    socket.write(`${head('POST', url, { 'content-type': 'application/json', 'content-length': '1000' })}{"jsonrpc"`)
  },
  'has sent half a chunk of a body': async (socket, target) => {
    const headers = { ...target.session, 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    socket.write(`${head('POST', target.url, headers)}40\r\n{"jsonrpc"`)
  },
  'has sent half a body to a route that is not there': async (socket, { url }) => {
    const headers = { 'content-type': 'application/json', 'content-length': '1000' }
    socket.write(`${head('POST', new URL('/nowhere', url), headers)}{`)
  },
  'reads nothing of a stream': async (socket, { url, session }) => {
    socket.pause()
    socket.write(head('GET', url, { ...session, accept: 'text/event-stream' }))
  },
  'reads nothing of pipelined replies': async (socket, { url, session }) => {
    socket.pause()
    const prompt = { name: 'test_prompt_with_arguments', arguments: { arg1: LARGE, arg2: 'y' } }
    for (let id = 1; id <= PIPELINED; id++) {
      socket.write(posted(url, session, { jsonrpc: '2.0', id, method: 'prompts/get', params: prompt }))
    }
  },
  'reads nothing of a call that goes on': async (socket, { url, session }) => {
    socket.pause()
    const params = { name: 'countdown', arguments: { steps: 1_000, intervalMs: 100 }, _meta: { progressToken: 1 } }
    socket.write(posted(url, session, { jsonrpc: '2.0', id: 'long', method: 'tools/call', params }))
  },
  'does not answer a question': async (socket, { url, session }) => {
    socket.resume()
    const params = { name: 'ask', arguments: { question: '?' } }
    socket.write(posted(url, session, { jsonrpc: '2.0', id: 'asked', method: 'tools/call', params }))
  }
}

interface StalledPeers {
  kinds: number
  close: () => void
}

/** One peer of every kind at a server. They stay until the server ends them. */
export async function stalledPeers (url: URL, session: Record<string, string>): Promise<StalledPeers> {
  const sockets: Socket[] = []
  for (const stall of Object.values(PEERS)) {
    const socket = connect(Number(url.port), url.hostname)
    // It is cut in the end, and that is what is waited for.
    socket.on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
    await stall(socket, { url, session })
  }
  return { kinds: sockets.length, close: () => { sockets.forEach(socket => socket.destroy()) } }
}

async function served (socket: Socket, url: URL): Promise<void> {
  socket.write(head('GET', new URL('/health/live', url), {}))
  await once(socket, 'data')
}

function posted (url: URL, session: Record<string, string>, message: object): string {
  const body = JSON.stringify(message)
  const headers = {
    ...session,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'content-length': String(body.length)
  }
  return head('POST', url, headers) + body
}

function head (method: string, url: URL, headers: Record<string, string>): string {
  const lines = Object.entries({ host: url.host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${url.pathname} HTTP/1.1\r\n${lines.join('')}\r\n`
}
