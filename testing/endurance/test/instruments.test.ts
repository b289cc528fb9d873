import { readFile } from 'node:fs/promises'
import { memory } from '@holdfast/memory'
import t from 'tap'
import type { DiskEvent } from '../dist/disk-trace.js'
import { UnsafeDisk } from '../dist/power-loss.js'
import { SCENARIOS } from '../dist/scenarios.js'
import { seeded } from '../dist/seeded.js'
import { Story } from '../dist/story.js'

t.test('the README tells of every scenario, and of no other', async t => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const told = [...readme.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
  t.strictSame(told.sort(), Object.keys(SCENARIOS).sort())
})

const write = (at: number, text: string, ended: number): DiskEvent =>
  ({ what: 'write', name: 'a', at, bytes: Buffer.alloc(1024, text), ended })

/** What a disk leaves in many losses of power after these events, each in words. */
function losses (events: readonly DiskEvent[]): string[] {
  const disk = new UnsafeDisk()
  for (const [number, event] of events.entries()) disk.apply(event, number)
  const random = seeded(1)
  const words = (content: Buffer): string => `${content.length} ${[...new Set(content.toString())].sort().join('')}`
  const left = Array.from({ length: 200 }, () => [...disk.lose(random)].map(([name, content]) => name + words(content)))
  return [...new Set(left.map(files => files.join()))].sort()
}

t.test('a loss of power leaves what was synced, and of the rest anything', async t => {
  const synced: DiskEvent[] = [
    { what: 'make', name: 'a' }, write(0, 'x', 2),
    { what: 'sync', name: 'a', since: 2 }, { what: 'sync', name: '', since: 2 }
  ]
  t.strictSame(losses(synced), ['a1024 x'])
  t.strictSame(losses(synced.slice(0, 3)), ['', 'a1024 x'], 'without a sync of the folder the name may be missing')
  t.strictSame(losses([...synced, write(0, 'y', 5)]), ['a1024 x', 'a1024 xy', 'a1024 y'], 'a write may be torn')
  t.strictSame(losses([...synced, { what: 'unlink', name: 'a' }]), ['', 'a1024 x'])
  t.strictSame(losses([...synced, { what: 'truncate', name: 'a', length: 0, ended: 5 }]), ['a0 ', 'a1024 x'])
})

t.test('a sync confirms no write that had not ended when it began', async t => {
  const events: DiskEvent[] = [
    { what: 'make', name: 'a' }, { what: 'sync', name: '', since: 1 },
    write(0, 'x', 5), { what: 'sync', name: 'a', since: 3 }
  ]
  t.ok(losses(events).includes('a0 '))
})

t.test('a story finds what it has told, and nothing else', async t => {
  for (const n of [0, 1]) {
    const [backend, story] = [memory(), new Story(n, 8)]
    for (let done = 0; done < story.steps.length; done++) {
      t.equal(await story.look(backend), story.after(done))
      await story.tell(backend, done)
    }
    t.equal(await story.look(backend), story.after(8))
    t.equal(story.after(8), n === 0 ? 'removed' : 'version 6, 2 events')
    await t.rejects(story.tell(backend, 0), { code: 'ERR_ASSERTION' })
    await backend.close()
  }
  const [backend, story] = [memory(), new Story(1, 8)]
  await story.tell(backend, 0)
  await backend.records.replace(story.key, 1, Buffer.from('something else'))
  t.equal(await story.look(backend), 'version 2, 0 events with a wrong content')
  await backend.close()
})
