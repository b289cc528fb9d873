import type { Request } from '@holdfast/transport'
import { isRetry } from './complete-result.js'

/** What can change in a server, so that its lists are not true any more. */
export type ChangedKind = 'tools' | 'prompts' | 'resources'

/** Lists, and what makes each of them untrue. `server/discover` changes only with its process. */
const KINDS: ReadonlyMap<string, ChangedKind | undefined> = new Map([
  ['server/discover', undefined], ['tools/list', 'tools'], ['prompts/list', 'prompts'],
  ['resources/list', 'resources'], ['resources/templates/list', 'resources']
])

const MAX_LISTS = 256
/** Characters of all lists. */
const MAX_CHARACTERS = 16_777_216
/** Characters of the params that tell lists of one method apart. A longer cursor is not remembered. */
const MAX_PARAMS = 512

interface KeptList {
  readonly json: string
  readonly kind: ChangedKind | undefined
  /** By the monotonic clock. */
  readonly until: number
}

/** Where a list is kept, or would be. */
export interface ListPlace {
  readonly key: string
  readonly kind: ChangedKind | undefined
  /** Changes of the server so far. A list that was made before a change is not kept after it. */
  readonly change: number
}

/** Public lists as JSON, so that they need no server and no serialization. Bounded; the oldest goes first. */
export class KeptLists {
  readonly #lists = new Map<string, KeptList>()
  #characters = 0
  #change = 0

  /**
   * @param serverKey names the server object that makes the list
   * @returns undefined for a request whose result is not kept
   */
  place ({ method, params }: Request, serverKey: () => string): ListPlace | undefined {
    if (!KINDS.has(method) || isRetry(params)) return undefined
    const rest = restOf(params)
    if (rest.length > MAX_PARAMS) return undefined
    return { key: `${method}\n${rest}\n${serverKey()}`, kind: KINDS.get(method), change: this.#change }
  }

  get ({ key }: ListPlace, now = performance.now()): string | undefined {
    const list = this.#lists.get(key)
    if (list === undefined || now < list.until) return list?.json
    this.#delete(key, list)
    return undefined
  }

  put ({ key, kind, change }: ListPlace, json: string, ttlMs: number, now = performance.now()): void {
    if (change !== this.#change || ttlMs === 0 || json.length > MAX_CHARACTERS) return
    const before = this.#lists.get(key)
    if (before !== undefined) this.#delete(key, before)
    this.#lists.set(key, { json, kind, until: now + ttlMs })
    this.#characters += json.length
    for (const [oldest, list] of this.#lists) {
      if (this.#lists.size <= MAX_LISTS && this.#characters <= MAX_CHARACTERS) break
      this.#delete(oldest, list)
    }
  }

  /** Forgets the lists that may have changed; all of them without a kind. */
  changed (kind?: ChangedKind): void {
    this.#change++
    for (const [key, list] of this.#lists) if (kind === undefined || list.kind === kind) this.#delete(key, list)
  }

  #delete (key: string, { json }: KeptList): void {
    this.#lists.delete(key)
    this.#characters -= json.length
  }
}

/** The params that affect a list, as JSON: all but `_meta`. */
function restOf (params: Request['params']): string {
  for (const name in params) {
    if (name !== '_meta') return JSON.stringify({ ...params, _meta: undefined })
  }
  return ''
}
