const TEXT = 'Hello, holdfast!'

export const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/**
 * The HTTP request of a call, by its JSON-RPC id. Ids have seven digits, so the head is the same for all.
 *
 * @param more headers beside those of every client
 * @param params what the call says beside what it calls
 */
export function call (
  port: number, more: Readonly<Record<string, string>> = {}, params: object = {}
): (callId: number) => string {
  const before = '{"jsonrpc":"2.0","id":'
  const said = JSON.stringify({ name: 'echo', arguments: { text: TEXT }, ...params })
  const after = `,"method":"tools/call","params":${said}}`
  const lines = [
    'POST /mcp HTTP/1.1', `host: 127.0.0.1:${port}`,
    ...Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${before.length + 7 + after.length}`
  ]
  const head = `${lines.join('\r\n')}\r\n\r\n${before}`
  return (callId) => `${head}${callId}${after}`
}

/**
 * Throws unless a whole HTTP response is the success of that very call.
 *
 * @param parts what must be in it, too
 */
export function check (response: string, callId: number, parts: readonly string[]): void {
  const right = response.startsWith('HTTP/1.1 200 ') && parts.every(part => response.includes(part)) &&
    response.includes(`"id":${callId}`) && response.includes(`"text":"${TEXT}"`) && !response.includes('"isError":true')
  if (!right) throw new Error(`Wrong answer to call ${callId}:\n${response}`)
}
