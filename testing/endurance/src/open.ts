import { initialize } from '@holdfast/clients/by-hand'
import { send } from '@holdfast/clients/send'

/** Opens a session, through any of these places, and resolves to the headers of its requests. */
export async function openSession (url: URL, headers: Record<string, string> = {}): Promise<Record<string, string>> {
  const reply = await send(url, { message: initialize(), headers })
  const id = reply.headers['mcp-session-id']
  if (reply.status !== 200 || typeof id !== 'string') throw new Error(`no session was opened: ${reply.status}`)
  return { ...headers, 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
}
