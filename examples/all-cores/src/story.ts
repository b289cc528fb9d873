import assert from 'node:assert/strict'
import type { StoryClient } from '@holdfast/reference-server/story-client'
import type { Cores } from './cores.js'
import { Counting } from './counting.js'
import { announcement } from './mcp-server.js'

/** What the steps share. */
export interface Stage {
  cores: Cores
  anna: StoryClient
  /** They count while workers are killed. */
  others: StoryClient[]
  /** The last answer of `count` that each worker gave anna, by its process id. */
  answers: Map<number, Answer>
  /** What anna's counter must be. */
  total: number
  /** The status of each answer that any client got. */
  statuses: Set<number>
}

interface Answer {
  total: number
  pid: number
}

/** A step: it acts, asserts, and tells what it saw; never an id of a session or a key. */
export type Step = (stage: Stage) => Promise<string>

/** So many times, at most, twice as many calls as before. */
const DOUBLINGS = 6

/** What must be so, and the step that tries it, in the order in which they are played. */
export const STORY: Record<string, Step> = {
  'every worker serves one session': async stage => {
    const { anna, answers, cores: { workers } } = stage
    // Calls that run at the same time have a connection each, and each new connection gets the next worker.
    for (let round = 1; answers.size < workers.length; round++) {
      assert(round <= DOUBLINGS, `only ${answers.size} of ${workers.length} workers have answered`)
      const amount = workers.length * 2 ** round
      const calls = await Promise.all(Array.from({ length: amount }, async () => await anna.call('count') as Answer))
      for (const answer of calls) answers.set(answer.pid, answer)
      assert.equal(Math.max(...calls.map(({ total }) => total)), stage.total += amount)
    }
    return `count: ${stage.total} calls of one session, answered by ${answers.size} processes, ` +
      `counted to exactly ${stage.total}`
  },
  'a stream hears what happens in every worker': async ({ anna, answers }) => {
    for (const answer of answers.values()) await anna.hears(announcement(answer))
    return `announcements: what each of the ${answers.size} processes said reached anna, on her one stream`
  },
  'a worker that is killed is not missed': async stage => {
    const { cores, others } = stage
    const { length: kills } = cores.workers
    const counting = others.map(client => new Counting(client))
    try {
      for (let n = 1; n <= kills; n++) {
        await killLast(stage)
        await Promise.all(counting.map(async client => await client.goesOn()))
      }
    } finally {
      for (const client of counting) await client.stop()
    }
    const totals = await Promise.all(others.map(async client => (await client.call('counter', { by: 0 })).total))
    for (const [n, { answered, failed }] of counting.entries()) {
      assert(answered <= totals[n] && totals[n] <= answered + failed, 'every answered call should be counted, once')
    }
    const sum = (part: 'answered' | 'failed'): number => counting.reduce((sum, client) => sum + client[part], 0)
    return `kill -9 of ${kills} workers, one after the other, always of the one that had served anna last: ` +
      `her counter
    went on to ${stage.total}, and her stream heard of each count. Two others made ${sum('answered')} calls ` +
      `meanwhile, each counted once;
    ${sum('failed')} more broke, in a worker that was killed`
  },
  'all of it is killed': async stage => {
    await stage.cores.killAll()
    const answer = await count(stage)
    await stage.anna.hears(announcement(answer))
    return 'kill -9 of the primary, and with it of all workers: the next ones have the sessions. ' +
      `Anna's counter goes on to ${answer.total}, and her stream, too`
  },
  'nobody was answered 404': async ({ statuses }) => {
    assert.deepEqual([...statuses].filter(status => status >= 400), [])
    return `no client was ever answered 404, nor with another error: only ${[...statuses].sort().join(' and ')}`
  },
  'SIGTERM drains all workers': async ({ cores, anna }) => {
    let stopped: Promise<number | null> | undefined
    const { steps } = await anna.call('countdown', { steps: 8, intervalMs: 100 }, step => {
      if (step === 1) stopped = cores.stop()
    })
    assert.deepEqual({ steps, code: await stopped }, { steps: 8, code: 0 })
    return "SIGTERM came while anna's call ran: it was answered all the same, and all processes ended, with code 0"
  }
}

/** Kills the worker that has just answered anna. Her counter and her stream go on in another one. */
async function killLast (stage: Stage): Promise<void> {
  const { pid } = await count(stage)
  await stage.cores.kill(pid)
  await stage.anna.hears(announcement(await count(stage)))
}

/** @throws AssertionError when the counter of anna is not what it must be */
async function count (stage: Stage): Promise<Answer> {
  const answer = await stage.anna.call('count')
  assert.equal(answer.total, ++stage.total)
  return answer
}
