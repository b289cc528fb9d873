import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sqlite } from '@holdfast/sqlite'
import { BESIDE_RUNNING, HIDDEN, HIDDEN_AFTER_KILL, PAGES, WHOLE_FILES, type Damage } from '../damages.js'
import { FileProcess } from '../file-process.js'
import { copyDatabase, makeFolder } from '../raw-file.js'
import type { Scenario } from '../scenario.js'
import { type Random, seeded } from '../seeded.js'
import { Story, type Stores } from '../story.js'

const SESSIONS = 2_000
const [STEPS, DONE] = [7, 5]
const HANDS = 32
/** As little memory for pages as SQLite takes: what is asked must be read from the disk. */
const CACHE = 1

interface Answers { right: number, outages: number, wrong: string[] }

export const sqliteDamage: Scenario = {
  promise: 'whatever becomes of the database, a session is served as it was, or not served: it is never unknown, and ' +
    'nothing takes the place of the damaged file; what SQLite cannot see is measured',
  figures: '320 databases with zeroed or inverted pages, and each other damage, at rest and beside running ' +
    'processes, to 2,000 sessions',
  deadline: 20,
  run: async trial => {
    const seed = randomInt(2 ** 31)
    trial.tell(`seed ${seed}`)
    const random = seeded(seed)
    const stories = Array.from({ length: trial.volume(SESSIONS, 200) }, (_, n) => new Story(n, STEPS))
    const [closed, killed] = await makeFiles(stories)
    trial.tell(`${stories.length} sessions written`)
    const found: string[] = []

    /** Damages copies at rest. */
    const atRest = async (from: string, [what, damage]: [string, Damage], times: number): Promise<Answers> => {
      const all: Answers = { right: 0, outages: 0, wrong: [] }
      for (let time = 0; time < times; time++) {
        const answers = await tryAtRest(from, damage, stories, random)
        all.right += answers.right
        all.outages += answers.outages
        all.wrong.push(...answers.wrong.map(wrong => `${what}: ${wrong}`))
      }
      found.push(`${what}, ${times} times: ${words(all)}`)
      trial.tell(found.at(-1) as string)
      return all
    }
    const demand = ({ wrong }: Answers): void => {
      const first = wrong.slice(0, 3).join('; ')
      assert.equal(wrong.length, 0, `seed ${seed}: ${wrong.length} wrong answers, of these first: ${first}`)
    }

    const none: Damage = async () => {}
    for (const from of [closed, killed]) {
      const whole = await atRest(from, ['nothing damaged', none], 1)
      assert.deepEqual(whole, { right: stories.length, outages: 0, wrong: [] })
    }
    for (const damage of Object.entries(PAGES)) {
      for (const from of [closed, killed]) demand(await atRest(from, damage, trial.volume(40)))
    }
    for (const damage of Object.entries(WHOLE_FILES)) demand(await atRest(killed, damage, trial.volume(5)))
    for (const [what, damage] of Object.entries(BESIDE_RUNNING)) {
      const answers = await tryRunning(closed, damage, stories, random)
      found.push(`${what} beside a running process: ${words(answers)}`)
      trial.tell(found.at(-1) as string)
      demand(answers)
    }
    const kinds = found.length
    const hidden: string[] = []
    const blind: Array<[string, [string, Damage]]> = [
      ...Object.entries(HIDDEN).map((damage): [string, [string, Damage]] => [closed, damage]),
      ...Object.entries(HIDDEN_AFTER_KILL).map((damage): [string, [string, Damage]] => [killed, damage])
    ]
    for (const [from, damage] of blind) {
      const { right, outages, wrong } = await atRest(from, damage, trial.volume(30))
      const unknown = wrong.filter(answer => answer.includes(': nothing')).length
      const all = right + outages + wrong.length
      hidden.push(`${damage[0]}: ${unknown} unknown, ${wrong.length - unknown} older, of ${all}`)
    }
    return `${kinds} kinds of damage, no wrong answer; wrong answers where SQLite cannot see the damage: ` +
      `${hidden.join('; ')}; seed ${seed}`
  }
}

function words ({ right, outages, wrong }: Answers): string {
  return `${right} right, ${outages} outages, ${wrong.length} wrong`
}

/**
 * @returns a database that was closed, and one whose process was killed: its -wal file has the last change of each
 * session, and all of a tenth of them
 */
async function makeFiles (stories: readonly Story[]): Promise<[string, string]> {
  const [closed, killed] = [join(await makeFolder(), 'sessions.db'), join(await makeFolder(), 'sessions.db')]
  const tell = async (process: FileProcess, some: readonly Story[], from: number, to: number): Promise<void> => {
    let next = 0
    await Promise.all(Array.from({ length: HANDS }, async () => {
      while (next < some.length) {
        const story = some[next++] as Story
        for (let done = from; done < to; done++) await story.tell(process, done)
      }
    }))
  }
  const old = stories.slice(0, Math.floor(0.9 * stories.length))
  const first = await FileProcess.start({ path: closed })
  await tell(first, old, 0, DONE - 1)
  await first.close()
  await copyDatabase(closed, killed)
  const [second, third] = [await FileProcess.start({ path: closed }), await FileProcess.start({ path: killed })]
  for (const process of [second, third]) {
    await tell(process, old, DONE - 1, DONE)
    await tell(process, stories.slice(old.length), 0, DONE)
  }
  await second.close()
  await third.kill()
  return [closed, killed]
}

async function tryAtRest (
  from: string, damage: Damage, stories: readonly Story[], random: Random
): Promise<Answers> {
  const folder = await makeFolder()
  const path = join(folder, 'sessions.db')
  await copyDatabase(from, path)
  await damage(path, random)
  const before = await stat(path).catch(() => undefined)
  try {
    const backend = sqlite({ path, cacheBytes: CACHE, onWarning: () => {} })
    try {
      return await askAll(backend, stories, random)
    } finally {
      await backend.close()
    }
  } catch (error) {
    // The file was refused at once.
    if (!(error instanceof Error) || error.name !== 'SqliteError') throw error
    return { right: 0, outages: stories.length, wrong: [] }
  } finally {
    const after = await stat(path).catch(() => undefined)
    assert.ok((after?.size ?? 0) >= (before?.size ?? 0), 'something took the place of the damaged file')
    await rm(folder, { recursive: true })
  }
}

/** Damages a file under a process, asks it, kills it, and asks another one. */
async function tryRunning (
  from: string, damage: Damage, stories: readonly Story[], random: Random
): Promise<Answers> {
  const folder = await makeFolder()
  const path = join(folder, 'sessions.db')
  await copyDatabase(from, path)
  const one = await FileProcess.start({ path, cacheBytes: CACHE })
  let answers: Answers
  try {
    await askAll(one, stories.slice(0, 10), random)
    await damage(path, random)
    answers = await askAll(one, stories, random)
  } finally {
    await one.kill()
  }
  const next = await FileProcess.start({ path, cacheBytes: CACHE }).catch(() => undefined)
  if (next === undefined) {
    answers.outages += stories.length
  } else {
    const more = await askAll(next, stories, random)
    await next.kill()
    answers.right += more.right
    answers.outages += more.outages
    answers.wrong.push(...more.wrong)
  }
  await rm(folder, { recursive: true })
  return answers
}

async function askAll (stores: Stores, stories: readonly Story[], random: Random): Promise<Answers> {
  const answers: Answers = { right: 0, outages: 0, wrong: [] }
  const begin = random(stories.length)
  for (const story of [...stories.slice(begin), ...stories.slice(0, begin)]) {
    const [expected, found] = [story.after(DONE), await story.look(stores).catch(() => undefined)]
    if (found === undefined) answers.outages++
    else if (found === expected) answers.right++
    else answers.wrong.push(`${found} where it was ${expected}`)
  }
  return answers
}
