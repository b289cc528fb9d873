import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Backend, StoredRecord } from '@holdfast/core'

type Step = 'create' | 'replace' | 'append' | 'remove'
export type Stores = Pick<Backend, 'records' | 'events'>

const HOUR = 3_600_000
const STREAM = 'a'
const NO_LIMITS = { maxRecords: 1e9, maxPerOwner: 1e9 }

/**
 * The life of one session, step by step. What a backend must hold follows from the number of steps that it has
 * acknowledged: the version and the last position count the writes.
 */
export class Story {
  readonly key: string
  readonly steps: readonly Step[]

  /**
   * @param n tells stories apart
   * @param length steps; every second story ends with the removal of its session
   */
  constructor (readonly n: number, length: number) {
    this.key = `${n}.${createHash('sha256').update(String(n)).digest('base64url')}`
    const middle = Array.from({ length: length - 2 }, (_, i): Step => i % 3 === 2 ? 'append' : 'replace')
    this.steps = ['create', ...middle, n % 2 === 0 ? 'remove' : 'replace']
  }

  /** What {@link look} finds after so many steps. */
  after (done: number): string {
    const steps = this.steps.slice(0, done)
    if (steps.length === 0) return 'nothing'
    if (steps.at(-1) === 'remove') return 'removed'
    return `version ${this.#version(done)}, ${steps.filter(step => step === 'append').length} events`
  }

  /**
   * Takes the step after `done` steps.
   *
   * @throws AssertionError the backend holds something else than `done` steps
   */
  async tell ({ records, events }: Stores, done: number): Promise<void> {
    const { key } = this
    const version = this.#version(done)
    const takes: Record<Step, () => Promise<void>> = {
      create: async () => {
        const record = { key, owner: `owner ${this.n % 7}`, idle: HOUR, absolute: HOUR, body: this.#body(1) }
        assert.equal(await records.create(record, NO_LIMITS), 'created')
      },
      replace: async () => { assert.equal(await records.replace(key, version, this.#body(version + 1)), version + 1) },
      append: async () => {
        const position = 1 + this.steps.slice(0, done).filter(step => step === 'append').length
        assert.equal(await events.append({ key, name: STREAM }, [this.#entry(position)]), position)
      },
      remove: async () => {
        const removed = await records.remove(key) as StoredRecord | undefined
        assert.equal(removed?.version, version)
      }
    }
    await takes[this.steps[done] as Step]()
  }

  /** What a backend holds of the session, in words. Content that was never written is part of them. */
  async look ({ records, events }: Stores): Promise<string> {
    const { key } = this
    const record = await records.read(key)
    if (record === undefined) return (await records.removed([key])).length > 0 ? 'removed' : 'nothing'
    const page = await events.readAfter({ key, name: STREAM }, 0, 1e6)
    const whole = this.#body(record.version).equals(record.body) && page?.lost !== true
    const entries = page?.entries ?? []
    const inOrder = entries.every(({ position, body }, i) => position === i + 1 && this.#entry(position).equals(body))
    return `version ${record.version}, ${entries.length} events${whole && inOrder ? '' : ' with a wrong content'}`
  }

  #version (done: number): number {
    return this.steps.slice(0, done).filter(step => step === 'create' || step === 'replace').length
  }

  #body (version: number): Buffer {
    return Buffer.alloc(200 + (version * 977 + this.n * 331) % 3_000, `${this.key} ${version} `)
  }

  #entry (position: number): Buffer {
    return Buffer.alloc(100 + position * 7, `${this.key} event ${position} `)
  }
}
