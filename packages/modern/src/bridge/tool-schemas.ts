import { isObject } from '@holdfast/core'
import type { Response } from '@holdfast/transport'

/** Callers whose schemas are kept. */
const MAX_CALLERS = 1_000
/** Milliseconds after which they are asked for again. */
const FRESH = 60_000
/** Pages of one list. */
const MAX_PAGES = 100
/** The schema of a tool that wants no headers: nothing of it is checked. */
const PLAIN = Object.freeze({ type: 'object' })

type Schemas = ReadonlyMap<string, unknown>

/** Asks a server for one page of its tools. */
export type AskForTools = (cursor: string | undefined) => Promise<Response>

/**
 * The input schemas of tools, as far as they want headers (`x-mcp-header`), per kind of caller. The list of a server may
 * depend on who asks, and calls must not wait for it each time.
 */
export class ToolSchemas {
  readonly #kept = new Map<string, { schemas: Schemas, since: number }>()

  /** Undefined when they must be asked for. */
  get (caller: string): Schemas | undefined {
    const kept = this.#kept.get(caller)
    return kept === undefined || performance.now() - kept.since > FRESH ? undefined : kept.schemas
  }

  /** Reads the whole list of a server, and keeps it. A server without tools has none. */
  async read (caller: string, ask: AskForTools): Promise<Schemas> {
    const schemas = new Map<string, unknown>()
    let cursor: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await ask(cursor)
      if (!('result' in answer) || !Array.isArray(answer.result.tools)) break
      for (const tool of answer.result.tools as unknown[]) {
        if (isObject(tool) && typeof tool.name === 'string') schemas.set(tool.name, relevant(tool.inputSchema))
      }
      const { nextCursor } = answer.result
      if (typeof nextCursor !== 'string') break
      cursor = nextCursor
    }
    this.#kept.delete(caller)
    if (this.#kept.size >= MAX_CALLERS) this.#kept.delete(this.#kept.keys().next().value as string)
    this.#kept.set(caller, { schemas, since: performance.now() })
    return schemas
  }
}

function relevant (schema: unknown): unknown {
  return JSON.stringify(schema ?? null).includes('"x-mcp-header"') ? schema : PLAIN
}
