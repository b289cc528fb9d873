import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { StoredRecord } from '@holdfast/core'
import { FileProcess } from '../file-process.js'
import { faultsOf, makeFolder } from '../raw-file.js'
import type { Scenario } from '../scenario.js'

const NO_LIMITS = { maxRecords: 1e9, maxPerOwner: 1e9 }
const HOUR = 3_600_000
/** Milliseconds. The use of a session by the frozen process must still be on its way to the file when it is frozen. */
const [IDLE, TOUCH_DELAY] = [3_000, 500]
/** Sessions of a round, in three equal parts: used by the other process, claimed by it, and left over. */
const SESSIONS = 60
/** Milliseconds in which a write beside a frozen process is answered; ten times of what is promised. */
const PATIENCE = 20_000
/** Writes that a process has under way when it is frozen. */
const UNDER_WAY = 64

export const sqliteFrozen: Scenario = {
  promise: 'a process that is stopped and goes on later revives no session, claims none twice and confuses no ' +
    'version; while it is stopped in a write, others serve, or say that they cannot',
  figures: '8 times stopped for longer than the idle time; 100 times stopped while it writes',
  deadline: 15,
  run: async trial => {
    const path = join(await makeFolder(), 'sessions.db')
    const begin = async (): Promise<FileProcess> => await FileProcess.start({ path, touchDelay: TOUCH_DELAY })
    const [frozen, other] = [await begin(), await begin()]
    trial.defer(async () => { for (const one of [frozen, other]) await one.kill() })
    const [rounds, stops] = [trial.volume(8), trial.volume(100)]
    for (let round = 0; round < rounds; round++) {
      await sleepThrough(frozen, other, round)
      trial.tell(`${round + 1} times slept through the idle time`)
    }
    const key = 'counter'
    const record = { key, owner: '', idle: HOUR, absolute: HOUR, body: Buffer.from('1') }
    assert.equal(await other.records.create(record, NO_LIMITS), 'created')
    const tally = { version: 1, busy: 0, slowest: 0 }
    for (let stop = 1; stop <= stops; stop++) {
      await stopInWrite(frozen, other, key, tally)
      trial.progress(stop, stops, `${stop} stops, ${tally.busy} of them in a write`)
    }
    assert.ok(tally.busy > 0 || trial.scale < 1, 'no stop met a write, so nothing was shown')
    for (const one of [frozen, other]) await one.kill()
    assert.equal(await faultsOf(path), '')
    return `${rounds} times slept through the idle time of ${SESSIONS} sessions: those in use lived on, each other ` +
      `one was claimed once; ${stops} times stopped while writing, ${tally.busy} times in the middle of it: the ` +
      `others were told so after ${(tally.slowest / 1000).toFixed(1)} s at most, and all versions are exact`
  }
}

async function sleepThrough (frozen: FileProcess, other: FileProcess, round: number): Promise<void> {
  const keys = Array.from({ length: SESSIONS }, (_, i) => `${round}.${i}`)
  const third = SESSIONS / 3
  const used = keys.slice(0, third)
  for (const key of keys) {
    const record = { key, owner: '', idle: IDLE, absolute: HOUR, body: Buffer.from(key) }
    assert.equal(await frozen.records.create(record, NO_LIMITS), 'created')
  }
  // The use of each, and a change that may be under way when the process is stopped.
  const uses = Promise.all(keys.map(async key => await frozen.records.touch(key, 1)))
  const changes = used.map(async key => await frozen.records.replace(key, 1, Buffer.from('frozen')))
  if (round % 2 === 0) await uses
  frozen.child.kill('SIGSTOP')
  const claimed: string[] = []
  const claim = async (by: FileProcess): Promise<void> => {
    for (let more = true; more;) {
      const page = await by.records.claimExpired(100)
      claimed.push(...page.records.map(({ key }) => key))
      more = page.more
    }
  }
  let asleep = true
  const checked = new AbortController()
  const using = (async () => {
    while (!checked.signal.aborted) {
      await Promise.all(used.map(async key => {
        const found = await other.records.touch(key, 0).catch(notNow)
        assert.ok(found !== undefined, 'a session in use expired')
      }))
      // In half of the rounds, expired sessions are still there when the frozen process goes on.
      if (asleep && round % 4 > 1) await claim(other).catch(notNow)
      await pause(TOUCH_DELAY / 5)
    }
  })()
  // Its failure is told at the end, or sooner by what it leads to.
  using.catch(() => {})
  await pause(2 * IDLE)
  asleep = false
  frozen.child.kill('SIGCONT')
  await uses
  const versions = await Promise.all(changes)
  // Until the late uses are in the file.
  await pause(2 * TOUCH_DELAY)
  const unused = keys.slice(third)
  for (const [who, one] of [['the frozen process', frozen], ['the other process', other]] as const) {
    for (const key of unused) assert.equal(await one.records.read(key), undefined, 'a late use revived a session')
    for (const [i, key] of used.entries()) {
      const found = await one.records.touch(key, 0) as StoredRecord | undefined
      assert.equal(found?.version, versions[i] === 2 ? 2 : 1, `${who} sees another version of a session in use`)
    }
  }
  checked.abort()
  await using
  await Promise.all([claim(frozen), claim(other)])
  assert.deepEqual(claimed.sort(), [...unused].sort(), 'each unused session is claimed exactly once')
  for (const key of used) assert.equal((await frozen.records.remove(key) as StoredRecord).key, key)
}

async function stopInWrite (
  frozen: FileProcess, other: FileProcess, key: string, tally: { version: number, busy: number, slowest: number }
): Promise<void> {
  const writes = Promise.all(Array.from({ length: UNDER_WAY }, async (_, i) => {
    const record = { key: `busy ${i}`, owner: '', idle: HOUR, absolute: HOUR, body: Buffer.alloc(8_000) }
    const created = await frozen.records.create(record, NO_LIMITS)
    const removed = await frozen.records.release(record.key, 1)
    return [created, removed]
  }))
  await pause(randomInt(20))
  frozen.child.kill('SIGSTOP')
  const began = performance.now()
  const found = await other.records.read(key)
  assert.equal(found?.version, tally.version)
  const outcome = await other.records.replace(key, tally.version, Buffer.from(String(tally.version + 1))).catch(notNow)
  const took = performance.now() - began
  frozen.child.kill('SIGCONT')
  assert.ok(took < PATIENCE, `an answer took ${took} ms`)
  if (outcome === BUSY) {
    tally.busy++
    tally.slowest = Math.max(tally.slowest, took)
  } else {
    assert.equal(outcome, ++tally.version)
  }
  assert.deepEqual(await writes, Array.from({ length: UNDER_WAY }, () => ['created', true]))
  for (const one of [frozen, other]) assert.equal((await one.records.read(key))?.version, tally.version)
}

const BUSY = Symbol('busy')

/** The only error that may be: one to try again after. */
function notNow (error: { code?: string, retryable?: boolean }): typeof BUSY {
  if (error.code === 'SQLITE_BUSY' && error.retryable === true) return BUSY
  throw error
}
