import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { FileProcess, ProcessEnded } from '../file-process.js'
import { faultsOf, makeFolder } from '../raw-file.js'
import type { Scenario } from '../scenario.js'
import { Story } from '../story.js'

/** Stories that are told at the same time. */
const HANDS = 24
const STEPS = 12
/** Kills after which no process is left, and the file at rest is checked. */
const ROUND = 10
/** Acknowledged writes after which a process is killed, at most. */
const LIFE = 150

export const sqliteKills: Scenario = {
  promise: 'kill -9 of two processes that write to one file loses no acknowledged write, doubles none and revives no ' +
    'removed session',
  figures: '200 kills; PRAGMA integrity_check and the counter of records after every tenth',
  deadline: 15,
  run: async trial => {
    const times = trial.volume(200)
    const path = join(await makeFolder(), 'sessions.db')
    const processes: FileProcess[] = []
    trial.defer(async () => { for (const one of processes) await one.kill() })
    const told: Array<{ story: Story, done: number }> = []
    const count = { kills: 0, acknowledged: 0, unclear: 0, kept: 0, refused: 0 }
    const over = new AbortController()

    /** Resolves to one of the processes that run, as soon as there is one. */
    const anyProcess = async (): Promise<FileProcess> => {
      for (;;) {
        const running = processes.filter(({ running }) => running)
        if (running.length > 0) return running[randomInt(running.length)] as FileProcess
        await pause(5)
      }
    }
    /** The answer of any process, as soon as one gives it. */
    const look = async (story: Story): Promise<string> => {
      for (let tries = 0; ; tries++) {
        try {
          return await story.look(await anyProcess())
        } catch (error) {
          if (tries === 3_000) throw error
          await pause(20)
        }
      }
    }
    const hand = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const one = { story: new Story(told.length, STEPS), done: 0 }
        told.push(one)
        while (!over.signal.aborted && one.done < STEPS) {
          const outcome = await one.story.tell(await anyProcess(), one.done)
            .then(() => undefined, (error: unknown) => error)
          if (outcome === undefined) {
            one.done++
            count.acknowledged++
            continue
          }
          if (outcome instanceof assert.AssertionError) throw outcome
          if (!(outcome instanceof ProcessEnded)) count.refused++
          count.unclear++
          const found = await look(one.story)
          const [before, after] = [one.story.after(one.done), one.story.after(one.done + 1)]
          assert.ok(found === before || found === after, `after ${before}, a write that was cut off left ${found}`)
          if (found === after) count.kept++
          one.done += Number(found === after)
        }
      }
    }
    /** A process that is killed and begun again. */
    const live = async (place: number, times: number): Promise<void> => {
      for (let time = 0; time < times && !over.signal.aborted; time++) {
        const one = processes[place] = await FileProcess.start({ path })
        const end = count.acknowledged + randomInt(LIFE)
        while (count.acknowledged < end && !over.signal.aborted) await pause(1)
        await one.kill()
        count.kills++
      }
    }
    const hands = Promise.all(Array.from({ length: HANDS }, hand))
    // Until it is awaited, its failure ends the rounds below.
    hands.catch(() => { over.abort() })
    while (count.kills < times && !over.signal.aborted) {
      await Promise.all([live(0, ROUND / 2), live(1, ROUND / 2)])
      assert.equal(await faultsOf(path), '')
      trial.progress(count.kills, times, `${count.kills} kills, ${count.acknowledged} acknowledged writes`)
    }
    over.abort()
    const last = processes[0] = await FileProcess.start({ path })
    await hands
    for (const { story, done } of told) assert.equal(await story.look(last), story.after(done))
    const living = told.filter(({ story, done }) => story.after(done).startsWith('version')).length
    assert.equal(await last.records.count(), living)
    assert.ok(count.unclear > 0, 'no kill cut off a write')
    return `${count.kills} kills; ${count.acknowledged} acknowledged writes in ${told.length} sessions, none lost, ` +
      `none doubled; ${count.unclear} cut off, of which ${count.kept} lasted (${count.refused} were refused)`
  }
}
