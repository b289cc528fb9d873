import { type ClientCount, type ClientCounts, type Session, printable } from '@holdfast/core'
import type { RequestClaims } from '@holdfast/transport'
import { type Spoken, VERSIONS } from './spoken.js'

/** Names that are told apart. Clients with other names are counted together, without a name. */
const MAX_NAMES = 1_000
/** Characters of a name. */
const LONGEST_NAME = 64

/** Counts who asks this process, by the name that clients give themselves and by revision. Nothing is stored. */
export class ClientCounter {
  readonly #since = Date.now()
  /** Of one name, the few revisions that its clients speak. */
  readonly #counts = new Map<string, ClientCount[]>()

  /** A request of a session. */
  session ({ state: { client, handshake } }: Session): void {
    this.#count(client.name, 'sessions', handshake.protocolVersion).requests++
  }

  /** A request without a session, which is served. */
  modern ({ client, version }: RequestClaims): void {
    this.#count(client?.name, 'modern', version).requests++
  }

  /**
   * A request that is refused because of its revision.
   *
   * @returns whether it is the first one of such clients
   */
  refused (name: unknown, { version }: Spoken): boolean {
    const count = this.#count(name, 'modern', version)
    count.requests++
    return ++count.refused === 1
  }

  counts (): ClientCounts {
    return { since: this.#since, clients: [...this.#counts.values()].flat().map(count => ({ ...count })) }
  }

  #count (given: unknown, era: ClientCount['era'], version: string): ClientCount {
    const name = typeof given !== 'string' ? '' : given.length > LONGEST_NAME ? given.slice(0, LONGEST_NAME) : given
    const known = this.#counts.get(name) ?? this.#named(name)
    // A list is shorter than a map is fast: there are six revisions.
    const found = known.find(count => count.version === version && count.era === era)
    return found ?? this.#add(known, name, era, version)
  }

  #named (name: string): ClientCount[] {
    // The name of all others is one of them.
    if (name !== '' && this.#counts.size >= MAX_NAMES) return this.#counts.get('') ?? this.#named('')
    const counts: ClientCount[] = []
    this.#counts.set(copied(name), counts)
    return counts
  }

  #add (known: ClientCount[], name: string, era: ClientCount['era'], given: string): ClientCount {
    const version = VERSIONS.includes(given) ? given : 'other'
    const same = known.find(count => count.version === version && count.era === era)
    if (same !== undefined) return same
    const shown = known === this.#counts.get('') ? '' : printable(copied(name))
    const count = { name: shown, era, version, requests: 0, refused: 0 }
    known.push(count)
    return count
  }
}

/** A part of a text would keep all of it in memory. */
function copied (text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
