import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js'
import { HoldfastError, type Json, type JsonObject } from '@holdfast/core'
import type { McpSession } from './mcp-session.js'

/** A server of the official SDK, v1 or v2: `McpServer` or `Server`. */
export interface ConnectableServer {
  connect (transport: any): Promise<void>
  close (): Promise<void>
}

/** Why Holdfast lets a server object go. After `dormant` and `closing` the session itself goes on. */
export type DisposeReason = 'dormant' | 'terminated' | 'expired' | 'closing'

/** A server with what it holds in the process: timers, a browser, a connection. */
export interface HeldServer<Context = Json> {
  server: ConnectableServer
  /**
   * `'session'` keeps the server object as long as the session, for a server that holds what cannot be made again, such
   * as an open page. Without use, such a session ends after `ttl.idle` and does not become dormant. It ends with its
   * process, and is unknown in every other process. Default: the server object can be made again.
   */
  live?: 'session' | undefined
  /**
   * Takes a context that was renewed. Without it, the server object is made again when nothing runs in it; one with
   * `live: 'session'` goes on. `session.context` is the renewed one in both cases.
   */
  onContext? (context: Context): void | Promise<void>
  /** Runs once, after the server was closed. */
  dispose? (reason: DisposeReason): void | Promise<void>
}

/** Options that all servers of a process have in common. Pass them on to `McpServer`: they keep a session small. */
export type CommonServerOptions = Pick<ServerOptions, 'jsonSchemaValidator'>

/** What a factory returns. */
export type CreatedServer<Context = Json> = ConnectableServer | HeldServer<Context>

/** Makes the server of one session. It runs again each time that the session becomes live in a process. */
export type CreateServer<Data extends object = JsonObject, Context = Json> =
  (session: McpSession<Data, Context>, shared: { serverOptions: CommonServerOptions }) =>
    CreatedServer<Context> | Promise<CreatedServer<Context>>

/** One server for two sessions would send the answers of one client to another. */
const given = new WeakSet<ConnectableServer>()

/**
 * @param maker the function that made it, as errors call it
 * @throws HoldfastError HOLDFAST_FACTORY_FAILED when what came back is no server, or one that came back before
 */
export function heldServer (made: ConnectableServer | HeldServer, maker = 'createServer'): HeldServer {
  const held = isServer(made) ? { server: made } : made
  if (!isServer(held?.server)) throw new HoldfastError('HOLDFAST_FACTORY_FAILED', `${maker} returned no server`)
  if (held.live !== undefined && held.live !== 'session') {
    throw new HoldfastError('HOLDFAST_FACTORY_FAILED', `${maker} returned a \`live\` that is not 'session'`)
  }
  if (given.has(held.server)) {
    throw new HoldfastError(
      'HOLDFAST_FACTORY_FAILED', `${maker} returned a server that it had returned before: make one in each call`
    )
  }
  given.add(held.server)
  return held
}

function isServer (value: unknown): value is ConnectableServer {
  return typeof (value as ConnectableServer | undefined)?.connect === 'function'
}
