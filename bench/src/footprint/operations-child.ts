import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend } from '@holdfast/core'
import { answer } from '../child.js'
import { Operations, type OperationName } from './operation.js'
import { type PlaceName, places } from './places.js'
import { type Written, countWrites } from './written.js'

/** What some operations took. */
export interface Cost {
  /** µs of this process, all threads. */
  cpu: number
  syncs: number
}

/** Milliseconds after which everything that is written behind has been written. */
const BEHIND = 1200

let backend: Backend
let operations: Operations
let written: Written
let disturbing = Promise.resolve()
let over = new AbortController()

// A process that uses one backend, and says what it costs.
answer({
  async start ({ place, at }: { place: PlaceName, at: string }) {
    written = await countWrites()
    backend = places[place](at)
    operations = await Operations.begin(backend)
  },
  async run ({ name, amount }: { name: OperationName, amount: number }): Promise<Cost> {
    const { syncs } = written
    const before = process.cpuUsage()
    await operations.run(name, amount)
    if (name === 'touch') await sleep(BEHIND)
    const { user, system } = process.cpuUsage(before)
    return { cpu: user + system, syncs: written.syncs - syncs }
  },
  /** Writes now and then, beside another process. */
  disturb () {
    over = new AbortController()
    disturbing = write(over.signal)
  },
  async calm () {
    over.abort()
    await disturbing
  },
  async stop () {
    await backend.close()
  }
})

async function write (signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await operations.run('replace', 1)
    await sleep(5)
  }
}
