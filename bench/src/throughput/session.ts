const PROTOCOL_VERSION = '2025-11-25'
const TEXT = 'Hello, holdfast!'

const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** Who calls: an open session, or none for a contender without sessions. */
export interface Session { port: number, id: string | undefined }

/** Opens a session as a client does and makes a first call in it. Throws unless every answer is as it should be. */
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
    headers: id === undefined
      ? headers
      : { ...headers, 'mcp-session-id': id, 'mcp-protocol-version': PROTOCOL_VERSION },
    body: JSON.stringify(message)
  })
}

/** The HTTP request of a call, by its JSON-RPC id. Ids have seven digits, so the head is the same for all. */
export function callIn ({ port, id }: Session): (callId: number) => string {
  const before = '{"jsonrpc":"2.0","id":'
  const after = `,"method":"tools/call","params":{"name":"echo","arguments":{"text":"${TEXT}"}}}`
  const lines = [
    'POST /mcp HTTP/1.1', `host: 127.0.0.1:${port}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(id === undefined ? [] : [`mcp-session-id: ${id}`, `mcp-protocol-version: ${PROTOCOL_VERSION}`]),
    `content-length: ${before.length + 7 + after.length}`
  ]
  const head = `${lines.join('\r\n')}\r\n\r\n${before}`
  return (callId) => `${head}${callId}${after}`
}

/** Throws unless a whole HTTP response is the success of that very call in the mode that is being measured. */
export function check (response: string, callId: number, contentType: string): void {
  const right = response.startsWith('HTTP/1.1 200 ') && response.includes(contentType) &&
    response.includes(`"id":${callId}`) && response.includes(`"text":"${TEXT}"`) && !response.includes('"isError":true')
  if (!right) throw new Error(`Wrong answer to call ${callId}:\n${response}`)
}
