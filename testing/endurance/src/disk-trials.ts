import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { FileProcess } from './file-process.js'
import { Story, type Stores } from './story.js'

const run = promisify(execFile)
const HOUR = 3_600_000
const NO_LIMITS = { maxRecords: 1e9, maxPerOwner: 1e9 }
const [STEPS, HALF] = [13, 6]
/** Milliseconds in which a backend that can work again does; ten times of what is promised. */
const PATIENCE = 30_000
const PRELOAD = new URL('failing-syncs.js', import.meta.url)

interface Told { story: Story, done: number }

/** Mounts a small disk at a folder. */
async function mount (folder: string, size: string): Promise<() => Promise<void>> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder])
  return async () => { await run('umount', [folder]) }
}

/** A disk that something else fills, and where room is made again; then with the process begun anew meanwhile. */
export async function fullDisk (folder: string, amount: number): Promise<string> {
  const unmount = await mount(folder, '24m')
  const [path, filler] = [join(folder, 'sessions.db'), join(folder, 'filler')]
  let one = await FileProcess.start({ path, touchDelay: 100 })
  const told = await tellSome(one, amount)
  let [full, removed] = [0, 0]
  for (let time = 0; time < 3; time++) {
    fill(filler)
    if (time === 2) {
      // Begun on a full disk, it says so, or serves; and it serves as soon as there is room.
      await one.kill()
      one = await FileProcess.start({ path, touchDelay: 100 })
      await demandAll(one, told, true)
    } else {
      for (let i = 0; i < 10; i++) {
        const record = { key: `full ${time} ${i}`, owner: '', idle: HOUR, absolute: HOUR, body: Buffer.alloc(9_000) }
        assert.equal(await one.records.create(record, NO_LIMITS), 'full')
        full++
      }
      for (const { story, done } of told.slice(0, 10)) {
        await assert.rejects(story.tell(one, done), { code: 'HOLDFAST_BACKEND_FULL' })
        full++
      }
      await demandAll(one, told, false)
      for (const { story } of told) assert.notEqual(await one.records.touch(story.key, 0), undefined)
      const [{ story: last }] = told.splice(-1) as [Told]
      const answer = await one.records.remove(last.key).catch((error: { code: string }) => error.code)
      if (answer === 'HOLDFAST_BACKEND_FULL') told.push({ story: last, done: HALF })
      else assert.equal(await last.look(one), 'removed')
      removed += Number(answer !== 'HOLDFAST_BACKEND_FULL')
    }
    rmSync(filler)
    if (time === 2) await demandAll(one, told, 'soon')
    for (const one_ of told.slice(0, 5)) await one_.story.tell(one, one_.done++)
    await demandAll(one, told, false)
  }
  await one.kill()
  one = await FileProcess.start({ path })
  await demandAll(one, told, false)
  await one.kill()
  await unmount()
  return `full disk: ${full} writes were told so, ${removed} removals were possible all the same`
}

/** A disk that the sessions themselves fill. */
export async function filledUp (folder: string): Promise<string> {
  const unmount = await mount(folder, '40m')
  const path = join(folder, 'sessions.db')
  let one = await FileProcess.start({ path })
  const keys: string[] = []
  let created = 0
  const body = Buffer.alloc(4_000, 'x')
  const record = (key: string) => ({ key, owner: '', idle: HOUR, absolute: HOUR, body })
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (;;) {
      const key = `filled ${created++}`
      const answer = await one.records.create(record(key), NO_LIMITS)
      if (answer === 'full') return
      assert.equal(answer, 'created')
      keys.push(key)
    }
  }))
  const demandKeys = async (): Promise<void> => {
    for (const key of keys) assert.deepEqual(Buffer.from((await one.records.read(key))?.body ?? []), body)
  }
  await demandKeys()
  let removed = 0
  for (const key of keys.splice(0, 200)) {
    const answer = await one.records.remove(key).catch((error: { code: string }) => error.code)
    if (answer === 'HOLDFAST_BACKEND_FULL') keys.push(key)
    else removed++
  }
  await demandKeys()
  await one.kill()
  await run('mount', ['-o', 'remount,size=80m', folder])
  one = await FileProcess.start({ path })
  await demandKeys()
  assert.equal(await one.records.create(record('more'), NO_LIMITS), 'created')
  assert.equal(await one.records.count(), keys.length + 1)
  await one.kill()
  await unmount()
  return `filled up by ${keys.length + removed} sessions, ${removed} of 200 removals were possible`
}

/** A disk that refuses syncs for some time, again and again, and a kill -9 at the end. */
export async function refusedSyncs (folder: string, amount: number): Promise<string> {
  const unmount = await mount(folder, '64m')
  const path = join(folder, 'sessions.db')
  const one = await FileProcess.start({ path }, PRELOAD)
  const told: Told[] = Array.from({ length: amount }, (_, n) => ({ story: new Story(n, STEPS), done: 0 }))
  let [refused, lasted, over] = [0, 0, false]
  const work = Promise.all(told.map(async each => {
    while (each.done < STEPS) {
      const error = await each.story.tell(one, each.done).then(() => undefined, error => error)
      await pause(over ? 0 : Math.random() * 200)
      if (error === undefined) {
        each.done++
        continue
      }
      if (error instanceof assert.AssertionError) throw error
      assert.deepEqual([error.code, error.retryable], ['SQLITE_UNSYNCED', true])
      refused++
      const found = await soon(async () => await each.story.look(one))
      const [before, after] = [each.story.after(each.done), each.story.after(each.done + 1)]
      assert.ok(found === before || found === after, `after ${before}, a write that was not confirmed left ${found}`)
      if (found === after) lasted++
      each.done += Number(found === after)
    }
  }))
  const disturbed = (async () => {
    for (let time = 0; time < 4; time++) {
      await pause(200)
      writeFileSync(`${path}-fails`, '')
      await pause(300)
      rmSync(`${path}-fails`)
    }
    over = true
  })()
  await Promise.all([work, disturbed])
  assert.ok(refused > 0, 'no sync failed')
  await one.kill()
  const next = await FileProcess.start({ path })
  await demandAll(next, told, false)
  await next.kill()
  await unmount()
  return `refused syncs: ${refused} writes were told so, ${lasted} of them lasted`
}

/** A disk that is read-only when a process begins, and can be written later. */
export async function readOnly (folder: string, amount: number): Promise<string> {
  const unmount = await mount(folder, '24m')
  const path = join(folder, 'sessions.db')
  let one = await FileProcess.start({ path })
  const told = await tellSome(one, amount)
  for (const end of [async () => { await one.kill() }, async () => { await one.close() }]) {
    await end()
    await run('mount', ['-o', 'remount,ro', folder])
    one = await FileProcess.start({ path })
    await demandAll(one, told, true)
    await assert.rejects((told[0] as Told).story.tell(one, HALF), { code: 'SQLITE_UNWRITABLE' })
    await run('mount', ['-o', 'remount,rw', folder])
    await demandAll(one, told, 'soon')
  }
  await one.kill()
  await unmount()
  return 'read-only disk: no wrong answer, and served once it could be written'
}

async function tellSome (stores: Stores, amount: number): Promise<Told[]> {
  return await Promise.all(Array.from({ length: amount }, async (_, n) => {
    const story = new Story(n, STEPS)
    for (let done = 0; done < HALF; done++) await story.tell(stores, done)
    return { story, done: HALF }
  }))
}

/** @param outages whether a rejection will do; `'soon'`: for a while */
async function demandAll (stores: Stores, told: readonly Told[], outages: boolean | 'soon'): Promise<void> {
  for (const { story, done } of told) {
    const look = async (): Promise<string> => await story.look(stores)
    const found = await (outages === 'soon' ? soon(look) : look()).catch((error: unknown) => {
      if (outages === true) return story.after(done)
      throw error
    })
    assert.equal(found, story.after(done))
  }
}

async function soon<T> (ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof assert.AssertionError || performance.now() > end) throw error
      await pause(50)
    }
  }
}

/** Takes all the room that a disk has. */
function fill (path: string): void {
  const file = openSync(path, 'w')
  for (const size of [65_536, 512]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  closeSync(file)
}
