import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { initialize } from './by-hand.js'

/**
 * The status that `initialize` is answered with where it names this Host, which `fetch` does not let anybody choose.
 */
export async function statusAs (
  host: string,
  url: URL,
  headers: Record<string, string> = {}
): Promise<number | undefined> {
  const sent = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers, host }
  })
  sent.end(JSON.stringify(initialize()))
  const [response] = await once(sent, 'response', { signal: AbortSignal.timeout(20_000) }) as [IncomingMessage]
  sent.destroy()
  return response.statusCode
}
