import assert from 'node:assert/strict'
import { deadline } from './deadline.js'
import { StoryClient } from './story-client.js'

/** What the steps share. */
export interface Stage {
  url: URL
  tokens: { 'tenant-a': string, 'tenant-b': string }
  /** Every session that is open, by the name of its client. */
  cast: Map<string, StoryClient>
}

/** Opens a session for a client of this name. */
export async function enter ({ url, tokens, cast }: Stage, name: string, tenant: keyof Stage['tokens']): Promise<StoryClient> {
  const client = await StoryClient.open({ name, answer: 'A holdfast', url, token: tokens[tenant] })
  cast.set(name, client)
  assert.notEqual(client.sessionId, '')
  return client
}

/** The client of this name. */
export function actor ({ cast }: Stage, name: string): StoryClient {
  const client = cast.get(name)
  assert(client !== undefined)
  return client
}

/** What the server says of anna, compared with what is true. */
export async function introduction (stage: Stage): Promise<string> {
  const anna = actor(stage, 'anna')
  const { client, capabilities, protocolVersion, principal } = await anna.call('whoami')
  assert.deepEqual(client, { name: 'anna', version: '1.0.0' })
  assert.deepEqual(Object.keys(capabilities), ['elicitation'])
  assert.equal(protocolVersion, anna.protocolVersion)
  assert.deepEqual(principal, { subject: 'tenant-a' })
  return `${client.name} ${client.version}, who can do ${Object.keys(capabilities)}, and belongs to ${principal.subject}`
}

/** Has anna announce something, and waits until it reaches her. */
export async function announce (stage: Stage, text: string): Promise<string> {
  const anna = actor(stage, 'anna')
  const [received] = await Promise.all([anna.announcement(), anna.call('announce', { text })])
  assert.equal(received, text)
  return received
}

/** A ping by hand: for what no well-behaved client would send. */
export async function ping ({ url }: Stage, sessionId: string, token: string | undefined): Promise<{ status: number, body: string }> {
  const response = await deadline(fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': sessionId,
      ...token !== undefined && { authorization: `Bearer ${token}` }
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  }), 'an answer to ping')
  return { status: response.status, body: await response.text() }
}
