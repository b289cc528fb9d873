import { inspect } from 'node:util'
import {
  HoldfastError, type Json, type JsonObject, type Principal, type RecordKey, keyLabel
} from '@holdfast/core'
import type { McpSession } from '@holdfast/transport'

const HINT = 'A client of MCP 2026-07-28 has no session. ' +
  'Keep what must last elsewhere, and let an argument of the tool name it.'

/** Who uses a server object at the moment. */
export interface SessionUser {
  readonly principal: Principal | null
  readonly context: Json
}

const NOBODY: SessionUser = { principal: null, context: null }
const NO_DATA: Readonly<JsonObject> = Object.freeze({})

/**
 * The session that a server object of the bridge gets. It lasts as long as the server object, and nothing of it is
 * stored. Its principal and its context are those of the request that runs.
 */
export class EphemeralSession implements McpSession {
  readonly data = NO_DATA
  readonly activated = false
  protocolVersion = '2025-11-25'
  #user: SessionUser = NOBODY

  /** @param id names the server object towards its own handlers, which may keep a map by it */
  constructor (readonly id: string, readonly key: RecordKey, readonly replica: string) {}

  get principal (): Principal | null { return this.#user.principal }
  get context (): Json { return this.#user.context }

  /** From now on the server object works for this user. */
  serve (user: SessionUser): void {
    this.#user = user
  }

  /** Nothing runs in the server object. */
  rest (): void {
    this.#user = NOBODY
  }

  async update (): Promise<never> {
    throw new HoldfastError('HOLDFAST_NO_SESSION', HINT)
  }

  async renewContext (): Promise<never> {
    throw new HoldfastError('HOLDFAST_NO_SESSION', HINT)
  }

  async terminate (): Promise<never> {
    throw new HoldfastError('HOLDFAST_NO_SESSION', HINT)
  }

  /** Does nothing: a server object stays as long as its call runs or waits for answers. */
  hold (): () => void {
    return () => {}
  }

  /** The context may hold credentials: it is not printed. */
  toJSON (): object {
    return { ephemeral: keyLabel(this.key), replica: this.replica }
  }

  [inspect.custom] (): string {
    return `McpSession ${inspect(this.toJSON())}`
  }
}
