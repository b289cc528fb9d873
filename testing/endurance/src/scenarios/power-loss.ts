import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sqlite } from '@holdfast/sqlite'
import { type DiskEvent, readTrace, traced } from '../disk-trace.js'
import { UnsafeDisk } from '../power-loss.js'
import { faultsIn, makeFolder } from '../raw-file.js'
import type { Scenario } from '../scenario.js'
import { type Random, seeded } from '../seeded.js'
import { Story } from '../story.js'
import type { Trial } from '../trial.js'

const WRITER = fileURLToPath(new URL('../power-writer.js', import.meta.url))
const STORIES = 80
const STEPS = 16
/** More stories than this were not begun when the last one was. */
const BEGUN = 8

/** Half of the cuts come so many events after a turn, at most. */
const NEAR = 30
/** Where syncs are quick: what a cut left is only looked at. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

interface Tally { cuts: number, acknowledged: number, lost: number, wrong: string[] }

export const powerLoss: Scenario = {
  promise: 'the loss of power at any moment loses no acknowledged write and damages nothing; with durability ' +
    "'process' it loses some, and damages nothing",
  figures: '600 cuts between the recorded writes and syncs, half of them near checkpoints and new files, 200 more ' +
    'without durability; what no sync confirmed is there, absent or torn',
  deadline: 15,
  run: async trial => {
    const seed = randomInt(2 ** 31)
    trial.tell(`seed ${seed}`)
    const random = seeded(seed)
    const power = await record('power')
    trial.tell(`recorded ${describe(power)}`)
    const kept = await cutAll(trial, power, random, trial.volume(600, 20))
    const first = kept.wrong.slice(0, 3).join('; ')
    assert.equal(kept.wrong.length, 0, `seed ${seed}: ${kept.wrong.length} wrong, of these first: ${first}`)
    assert.equal(kept.lost, 0, `seed ${seed}: ${kept.lost} acknowledged writes were lost`)
    const unsafe = await cutAll(trial, await record('process'), random, trial.volume(200, 20))
    assert.equal(unsafe.wrong.length, 0, `seed ${seed}: ${unsafe.wrong.slice(0, 3).join('; ')}`)
    assert.ok(unsafe.lost > 0, 'nothing was lost without durability, so this scenario would notice no loss')
    return `${kept.cuts} cuts of ${describe(power)} left all that was acknowledged before each ` +
      `(${kept.acknowledged} writes looked up); without durability, ${unsafe.cuts} cuts lost ${unsafe.lost} of ` +
      `${unsafe.acknowledged}, so a loss would have been seen; seed ${seed}`
  }
}

async function record (durability: string): Promise<DiskEvent[]> {
  const [folder, elsewhere] = [await makeFolder(), await makeFolder()]
  const [log, notes] = [join(elsewhere, 'trace'), join(elsewhere, 'notes')]
  await traced(log, [WRITER, join(folder, 'sessions.db'), durability, String(STORIES), String(STEPS), notes])
  const events = await readTrace(log, folder, notes)
  await rm(elsewhere, { recursive: true })
  return events
}

function describe (events: readonly DiskEvent[]): string {
  const amount = (what: string, name?: string): number => events.filter(event =>
    event.what === what && (name === undefined || ('name' in event && event.name === name))).length
  return `${amount('write')} writes, ${amount('sync')} syncs (${amount('sync', 'sessions.db')} of checkpoints) and ` +
    `${amount('note')} acknowledgements`
}

/** Loses the power at so many moments, and looks what is left. */
async function cutAll (trial: Trial, events: readonly DiskEvent[], random: Random, cuts: number): Promise<Tally> {
  const tally: Tally = { cuts, acknowledged: 0, lost: 0, wrong: [] }
  const turns = [...events.keys()].filter(number => isTurn(events[number] as DiskEvent))
  const moment = (i: number): number => {
    const near = (turns[random(turns.length)] as number) + random(NEAR)
    return i % 2 === 0 ? random(events.length + 1) : Math.min(events.length, near)
  }
  const moments = Array.from({ length: cuts }, (_, i) => moment(i)).sort((a, b) => a - b)
  const disk = new UnsafeDisk()
  const done = Array.from({ length: STORIES }, () => 0)
  let number = 0
  for (const [i, moment] of moments.entries()) {
    for (; number < moment; number++) {
      const event = events[number] as DiskEvent
      disk.apply(event, number)
      if (event.what === 'note') (done[Number(event.text)] as number)++
    }
    await lookAt(disk.lose(random), done, `cut ${moment}`, tally)
    trial.progress(i, cuts, `${i} cuts`)
  }
  return tally
}

/** Whether files are made, removed or shortened, or a checkpoint is under way. */
function isTurn (event: DiskEvent): boolean {
  return ['make', 'unlink', 'truncate'].includes(event.what) || (event.what === 'sync' && event.name === 'sessions.db')
}

/** Opens what a cut left. */
async function lookAt (left: Map<string, Buffer>, done: readonly number[], cut: string, tally: Tally): Promise<void> {
  const folder = await makeFolder(MEMORY)
  for (const [name, content] of left) {
    // The machine has started again since.
    const isMarker = name.endsWith('-open')
    await writeFile(join(folder, name), isMarker ? 'an earlier run of the machine' : content, { mode: 0o600 })
  }
  const path = join(folder, 'sessions.db')
  const warnings: Error[] = []
  const backend = sqlite({ path, durability: 'process', onWarning: warning => warnings.push(warning) })
  const begun = done.findLastIndex(steps => steps > 0) + BEGUN
  for (const [n, steps] of done.slice(0, begun + 1).entries()) {
    const story = new Story(n, STEPS)
    const found = await story.look(backend).catch((error: { code?: string }) => `an outage, ${error.code}`)
    tally.acknowledged += steps
    if (found === story.after(steps) || found === story.after(steps + 1)) continue
    const earlier = Array.from({ length: steps }, (_, i) => i).findLast(i => story.after(i) === found)
    if (earlier === undefined) tally.wrong.push(`${cut}: ${found} where it was ${story.after(steps)}`)
    else tally.lost += steps - earlier
  }
  await backend.close()
  const faults = faultsIn(path)
  if (faults !== '') tally.wrong.push(`${cut}: ${faults}`)
  await rm(folder, { recursive: true })
}
