// Writes to a file of sessions, and notes each acknowledged write by a system call of its own:
// node power-writer.js <path> <durability> <stories> <steps of each> <file for the notes>
import { once } from 'node:events'
import { openSync, writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { sqlite } from '@holdfast/sqlite'
import { Story } from './story.js'

/** Stories that are told at the same time. */
const HANDS = 8
/** Acknowledged writes between two checkpoints. */
const CHECKPOINT = 120

const [path = '', durability, amount, steps, notes = ''] = process.argv.slice(2)
const noted = openSync(notes, 'a')
let [next, acknowledged] = [0, 0]

/** Tells the stories up to one, with checkpoints by the worker that the backend itself uses for them. */
async function tell (end: number): Promise<() => Promise<void>> {
  const backend = sqlite({ path, durability: durability as 'power' })
  const program = new URL('checkpoint-worker.js', import.meta.resolve('@holdfast/sqlite'))
  const worker = new Worker(program, { workerData: path })
  await Promise.all(Array.from({ length: HANDS }, async () => {
    while (next < end) {
      const story = new Story(next++, Number(steps))
      for (let done = 0; done < story.steps.length; done++) {
        await story.tell(backend, done)
        writeSync(noted, `${story.n}\n`)
        if (++acknowledged % CHECKPOINT === 0) worker.postMessage(true)
      }
    }
  }))
  return async () => {
    worker.postMessage('close')
    await once(worker, 'exit')
    await backend.close()
  }
}

// The first half ends in peace, the second one does not.
const close = await tell(Number(amount) / 2)
await close()
await tell(Number(amount))
process.kill(process.pid, 'SIGKILL')
