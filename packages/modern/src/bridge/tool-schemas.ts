import { HoldfastError, isObject, within } from '@holdfast/core'
import { METHOD_NOT_FOUND } from '../error-codes.js'
import type { ModernCall } from '../modern-call.js'
import type { BridgedServer } from './bridged-server.js'
import type { ServerPool } from './server-pool.js'

/** Callers whose schemas are kept. */
const MAX_CALLERS = 1_000
/** Milliseconds after which they are asked for again. */
const FRESH = 60_000
/** Pages of one list. */
const MAX_PAGES = 100
/** The schema of a tool that wants no headers: nothing of it is checked. */
const PLAIN = Object.freeze({ type: 'object' })

type Schemas = ReadonlyMap<string, unknown>

/**
 * The input schemas of tools, as far as they want headers (`x-mcp-header`), per kind of caller. The list of a server
 * may depend on who asks, and calls must not wait for it each time.
 */
export class ToolSchemas {
  readonly #kept = new Map<string, { schemas: Schemas, since: number }>()
  readonly #making = new Map<string, Promise<Schemas | undefined>>()

  /**
   * @param acquire a server object for a call; undefined when its client has gone
   * @param timeout milliseconds that a list may take
   */
  constructor (
    private readonly pool: Pick<ServerPool, 'release' | 'retire'>,
    private readonly acquire: (call: ModernCall) => Promise<BridgedServer | undefined>,
    private readonly timeout: number
  ) {}

  /**
   * The schema of a tool, or a promise of it; undefined for an unknown tool. When the tools are not to be had, a call
   * with parameter headers is refused, because somebody on the way may have trusted them. Any other call has nothing to
   * check.
   *
   * @throws HoldfastError HOLDFAST_FACTORY_TIMEOUT
   */
  of (caller: string, tool: string, call: ModernCall): unknown {
    const kept = this.#kept.get(caller)
    if (kept !== undefined && performance.now() - kept.since < FRESH) return kept.schemas.get(tool)
    return this.#made(caller, call).then(schemas => {
      if (schemas === undefined && !call.isOver && hasParamHeaders(call)) {
        throw new HoldfastError('HOLDFAST_FACTORY_TIMEOUT', 'headers cannot be checked without a list of tools')
      }
      return schemas?.get(tool)
    })
  }

  /** The list is asked for once at a time. When that fails, its caller may have left, so the next one asks again. */
  async #made (caller: string, call: ModernCall): Promise<Schemas | undefined> {
    const others = this.#making.get(caller)
    const schemas = others && await others
    if (schemas !== undefined) return schemas
    const making = this.#fetch(caller, call)
    this.#making.set(caller, making)
    try {
      return await making
    } finally {
      if (this.#making.get(caller) === making) this.#making.delete(caller)
    }
  }

  async #fetch (caller: string, call: ModernCall): Promise<Schemas | undefined> {
    // What fails here makes the call itself fail, too.
    const server = await this.acquire(call).catch(() => undefined)
    if (server === undefined) return undefined
    const schemas = new Map<string, unknown>()
    let listed = false
    const listing = async (): Promise<void> => { listed = await list(server, schemas) }
    if (!await within(listing(), this.timeout, true).catch(() => false)) {
      this.pool.retire(server)
      return undefined
    }
    this.pool.release(server)
    if (!listed) return undefined
    this.#keep(caller, schemas)
    return schemas
  }

  #keep (caller: string, schemas: Schemas): void {
    this.#kept.delete(caller)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size >= MAX_CALLERS) this.#kept.delete(oldest as string)
    this.#kept.set(caller, { schemas, since: performance.now() })
  }
}

function hasParamHeaders ({ inbound: { headers } }: ModernCall): boolean {
  return Object.keys(headers).some(name => name.startsWith('mcp-param-'))
}

/** Reads the whole list of a server. False when the server fails at it. One without tools has an empty list. */
async function list ({ transport }: BridgedServer, schemas: Map<string, unknown>): Promise<boolean> {
  let cursor: unknown
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await transport.ask('tools/list', cursor === undefined ? {} : { cursor })
    if ('error' in answer) return answer.error.code === METHOD_NOT_FOUND
    if (!Array.isArray(answer.result.tools)) return false
    for (const tool of answer.result.tools as unknown[]) {
      if (isObject(tool) && typeof tool.name === 'string') schemas.set(tool.name, relevant(tool.inputSchema))
    }
    cursor = answer.result.nextCursor
    if (typeof cursor !== 'string') break
  }
  return true
}

function relevant (schema: unknown): unknown {
  return JSON.stringify(schema ?? null).includes('"x-mcp-header"') ? schema : PLAIN
}
