// Compiled, never run: what a user may write against the public API, and what the compiler must refuse.
import type { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import type { Json, JsonObject, Principal, Sessions } from '@holdfast/core'
import {
  type CreateServer, type DisposeReason, Endpoint, type EndpointOptions, type HeldServer, type Inbound, type McpSession,
  type Reply, type ResponseMode,
  SUPPORTED_VERSIONS, errorReply, idOf
} from '@holdfast/transport'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function expectType<Expected> () {
  return <const Actual>(_: Actual, ..._same: Equal<Expected, Actual> extends true ? [] : [never]): void => {}
}

declare const sessions: Sessions
declare const session: McpSession
declare const inbound: Inbound
declare const headers: IncomingHttpHeaders
declare const createServer: CreateServer

const limits = { maxCalls: 1, maxOpenStreams: 1, maxSubscriptions: 1 }
const times = {
  streamAfter: 1,
  retry: 1,
  standaloneRetry: 1,
  callTimeout: 1,
  stallTimeout: 1,
  keepAlive: 1,
  dormantAfter: 1,
  factoryTimeout: 1,
  heartbeat: 1,
  renewEvery: 1
}
const options: EndpointOptions = {
  sessions, createServer, serverOptions: {}, maxLive: 1, maxBuffered: 1, responseMode: 'auto', ...limits, ...times
}

// Endpoint
const endpoint = new Endpoint(options)
expectType<Promise<void>>()(endpoint.start())
expectType<Promise<Reply>>()(endpoint.post(inbound))
expectType<Promise<Reply>>()(endpoint.get(inbound))
expectType<Promise<Reply>>()(endpoint.delete(inbound))
expectType<Promise<void>>()(endpoint.drain(1_000))
expectType<Promise<void>>()(endpoint.close())
expectType<Promise<void>>()(endpoint.close(1_000))
expectType<number>()(endpoint.liveCount)
expectType<Sessions>()(endpoint.sessions)
// @ts-expect-error there are no defaults here
export const bare = new Endpoint({ sessions, createServer })
// @ts-expect-error there is no such mode
export const mode: ResponseMode = 'stream'
// @ts-expect-error times are milliseconds
export const worded: EndpointOptions = { ...options, heartbeat: '5s' }

// What goes in and comes out
export const call: Inbound = {
  headers, url: 'http://localhost/mcp', principal: { subject: 'ada' }, isGone: () => false
}
// @ts-expect-error nobody is null, not left out
export const unproven: Inbound = { headers, url: 'http://localhost/mcp', isGone: () => false }
export async function take (): Promise<void> {
  const { status, headers, body } = await endpoint.post(call)
  expectType<number>()(status)
  expectType<Readonly<Record<string, string>>>()(headers)
  expectType<string | Readable | null>()(body)
}
expectType<Reply>()(errorReply(405, idOf({}), -32000, 'Method Not Allowed', { retryAfter: 1 }))
expectType<readonly string[]>()(SUPPORTED_VERSIONS)

// Factories
export const factories: CreateServer[] = [
  (_, { serverOptions }) => new McpServer({ name: 'x', version: '1' }, serverOptions),
  async () => new Server({ name: 'x', version: '1' }),
  () => ({
    server: new McpServer({ name: 'x', version: '1' }),
    dispose: async (reason) => { expectType<DisposeReason>()(reason) }
  }),
  // @ts-expect-error a factory makes a server
  () => ({})
]
// @ts-expect-error what is held is a server
export const held: HeldServer = { server: { close: async () => {} } }

// Sessions
expectType<string>()(session.id)
expectType<Principal | null>()(session.principal)
expectType<Json>()(session.context)
expectType<Readonly<JsonObject>>()(session.data)
expectType<boolean>()(session.activated)
expectType<Promise<Readonly<JsonObject>>>()(session.update(data => { data.count = 1 }))
expectType<() => void>()(session.hold())
expectType<Promise<void>>()(session.terminate())
// @ts-expect-error data is changed by update
session.data = {}
