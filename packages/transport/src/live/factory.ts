import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js'
import { HoldfastError } from '@holdfast/core'
import type { McpSession } from './mcp-session.js'

/** A server of the official SDK, v1 or v2: `McpServer` or `Server`. */
export interface ConnectableServer {
  connect (transport: any): Promise<void>
  close (): Promise<void>
}

/** Why a server object is let go. After `dormant` and `closing` the session itself goes on. */
export type DisposeReason = 'dormant' | 'terminated' | 'expired' | 'closing'

/** A server that holds things in the process: timers, a browser, a connection. */
export interface HeldServer {
  server: ConnectableServer
  /** Called once, after the server was closed. */
  dispose? (reason: DisposeReason): void | Promise<void>
}

/** What servers of one process can share; pass it on to `McpServer` so that a live session stays small. */
export type SharedServerOptions = Pick<ServerOptions, 'jsonSchemaValidator'>

/** Makes the server of one session. It is called anew whenever the session becomes live in a process. */
export type CreateServer = (session: McpSession, shared: { serverOptions: SharedServerOptions }) =>
  ConnectableServer | HeldServer | Promise<ConnectableServer | HeldServer>

/** One server for two sessions would answer one client with what is another's. */
const given = new WeakSet<ConnectableServer>()

/** @throws HoldfastError HOLDFAST_FACTORY_FAILED when what came back is no server, or one that came back before */
export function heldServer (made: ConnectableServer | HeldServer): HeldServer {
  const held = isServer(made) ? { server: made } : made
  if (!isServer(held?.server)) throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'createServer returned no server')
  if (given.has(held.server)) {
    throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'createServer returned a server that it had returned before')
  }
  given.add(held.server)
  return held
}

function isServer (value: unknown): value is ConnectableServer {
  return typeof (value as ConnectableServer | undefined)?.connect === 'function'
}
