import { call, headers } from './call.js'

const PROTOCOL_VERSION = '2025-11-25'

/** An open session; without an id, one that is about to begin. */
export interface Session { port: number, id: string | undefined }

/** Opens a session as a client does. Throws unless every answer is as it should be. */
export async function openSession (port: number): Promise<Session> {
  const initialize = await post({ port, id: undefined }, {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } }
  })
  const id = initialize.headers.get('mcp-session-id')
  if (initialize.status !== 200 || id === null) {
    throw new Error(`initialize: ${initialize.status} ${await initialize.text()}`)
  }
  await initialize.text()
  const initialized = await post({ port, id }, { jsonrpc: '2.0', method: 'notifications/initialized' })
  if (initialized.status !== 202) throw new Error(`initialized: ${initialized.status} ${await initialized.text()}`)
  return { port, id }
}

async function post ({ port, id }: Session, message: object): Promise<Response> {
  return await fetch(`http://127.0.0.1:${port}/mcp`, {
    method: 'POST',
    headers: { ...headers, ...headersOf(id) },
    body: JSON.stringify(message)
  })
}

/** The HTTP request of a call, by its JSON-RPC id. */
export function callIn ({ port, id }: Session): (callId: number) => string {
  return call(port, headersOf(id))
}

function headersOf (id: string | undefined): Record<string, string> {
  return id === undefined ? {} : { 'mcp-session-id': id, 'mcp-protocol-version': PROTOCOL_VERSION }
}
