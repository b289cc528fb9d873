import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { ChildServer } from './child-server.js'
import { deadline } from './deadline.js'
import { StoryClient } from './story-client.js'

/** What the steps share. */
export interface Stage {
  /** The process that serves now, or did last. */
  server: ChildServer
  /** Starts the next one, with the same settings and at the same address. */
  restart: () => Promise<void>
  /** Where the database is. */
  folder: string
  /** What nobody but the server may read: what seals the database. */
  keys: string
  tokens: { 'tenant-a': string, 'tenant-b': string }
  /** What each session holds for its tenant, by the name of its client. */
  apiKeys: Map<string, string>
  /** Every session that is open, by the name of its client. */
  cast: Map<string, StoryClient>
}

/** A step: it acts, asserts, and tells what it saw; never an id, a token or a key. */
export type Step = (stage: Stage) => Promise<string>

/** Opens a session for a client of this name. */
export async function enter (
  { server, tokens, apiKeys, cast }: Stage, name: string, tenant: keyof Stage['tokens']
): Promise<StoryClient> {
  const apiKey = randomBytes(12).toString('hex')
  const client = await StoryClient.open({ name, answer: 'A holdfast', url: server.url, token: tokens[tenant], apiKey })
  apiKeys.set(name, apiKey)
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
  const { client, capabilities, protocolVersion, principal, apiKey } = await anna.call('whoami')
  assert.deepEqual(client, { name: 'anna', version: '1.0.0' })
  assert.deepEqual(Object.keys(capabilities), ['elicitation'])
  assert.equal(protocolVersion, anna.protocolVersion)
  assert.deepEqual(principal, { subject: 'tenant-a' })
  assert.equal(apiKey, `…${stage.apiKeys.get('anna')?.slice(-4)}`)
  return `${client.name} ${client.version}, who can do ${Object.keys(capabilities)}, ` +
    `belongs to ${principal.subject} and lent an API key (${apiKey})`
}

/** Has anna announce something, and waits until it reaches her. */
export async function announce (stage: Stage, text: string): Promise<void> {
  const anna = actor(stage, 'anna')
  await Promise.all([anna.hears(text), anna.call('announce', { text })])
}

interface Pong {
  status: number
  body: string
}

/** A ping by hand: for what no well-behaved client would send. */
export async function ping ({ server: { url } }: Stage, sessionId: string, token: string | undefined): Promise<Pong> {
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
