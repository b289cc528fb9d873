import { randomBytes } from 'node:crypto'
import type { Backend, RecordKey } from '@holdfast/core'
import { randomRecord } from './random-record.js'

/** A multiple of what is done at once. */
const SESSIONS = 1024

const body = randomBytes(900)
const entry = randomBytes(100)

interface Known { key: RecordKey, version: number, streams: number }

interface Operation {
  atOnce: number
  /** Resolves to whether the answer is the expected one. */
  once: (backend: Backend, known: Known) => Promise<boolean>
}

export const OPERATIONS = {
  touch: { atOnce: 32, once: async ({ records }, { key, version }) => await records.touch(key, version) === 'current' },
  read: { atOnce: 32, once: async ({ records }, { key, version }) => (await records.read(key))?.version === version },
  replace: {
    atOnce: 256,
    once: async ({ records }, known) => await records.replace(known.key, known.version, body) === ++known.version
  },
  create: { atOnce: 256, once: async ({ records }) => await randomRecord(records) !== '' },
  append: {
    atOnce: 256,
    once: async ({ events }, known) =>
      await events.append({ key: known.key, name: `s${++known.streams}` }, [entry], { head: entry, end: true }) === 1
  }
} satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS

/** Sessions of a backend, and what is done with them. */
export class Operations {
  private constructor (private readonly backend: Backend, private readonly known: readonly Known[]) {}

  static async begin (backend: Backend): Promise<Operations> {
    const known = await Promise.all(Array.from({ length: SESSIONS }, async () => (
      { key: await randomRecord(backend.records), version: 1, streams: 0 }
    )))
    return new Operations(backend, known)
  }

  /** Does something so many times, as many at once as usual, no two of them with one session. */
  async run (name: OperationName, amount: number): Promise<void> {
    const { atOnce, once }: Operation = OPERATIONS[name]
    let left = amount
    await Promise.all(Array.from({ length: atOnce }, async (_, lane) => {
      for (let n = lane; left-- > 0; n = (n + atOnce) % SESSIONS) {
        if (!await once(this.backend, this.known[n]!)) throw new Error(`${name} was answered otherwise`)
      }
    }))
  }
}
