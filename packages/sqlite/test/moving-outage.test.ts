import { EventEmitter, once } from 'node:events'
import { cpSync, renameSync } from 'node:fs'
import t from 'tap'
import { type Backend, type FallbackOptions, withFallback } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { sqlite } from '../dist/index.js'
import { makeFolder } from './fixtures/folder.js'
import { bytes, create, ownerOf } from './fixtures/moved.js'
import { held } from './fixtures/held.js'
import { interruptible } from './fixtures/interruptible.js'
import { WAYS, startPlaces } from './fixtures/places.js'

const make = await startPlaces(t)

/** A primary with a fallback, and the events of both. */
function fallingBack (primary: Backend, fallback: Backend) {
  const changes = new EventEmitter()
  const options: FallbackOptions = {
    replicas: 1, probe: 20, onChange: (serving, report) => { changes.emit(serving, report) }, onWarning: () => {}
  }
  return { changes, store: withFallback(primary, fallback, options) }
}

for (const [from, to] of WAYS) {
  t.test(`while ${from} is away, ${to} serves; what began and ended there comes to ${from}`, async t => {
    const primary = interruptible(make(t, from))
    const { changes, store } = fallingBack(primary, make(t, to))
    const tasks = store.partition('tasks')
    const kept = await create(store, { subject: 'kept' })
    const ended = await create(store, { subject: 'other' })
    const revoked = await create(tasks, { subject: 'revoked' })
    const before = await held(primary)

    primary.away = true
    await t.rejects(store.records.read(kept), 'an outage is no miss')
    t.equal(store.state, 'fallback')
    await t.rejects(store.records.touch(kept, 1))
    const begun = await create(store, { subject: 'new', body: bytes('one') })
    t.equal(await store.records.replace(begun, 1, bytes('two')), 2)
    t.equal(await store.events.append({ key: begun, name: 'log' }, [bytes('a'), bytes('b')]), 2)
    const brief = await create(store)
    t.ok(await store.records.remove(brief))
    const task = await create(tasks)
    t.equal(await store.records.remove(ended), 'unseen')
    await tasks.records.removeOwner(ownerOf('revoked'))

    const back = once(changes, 'primary')
    primary.away = false
    t.match(await back, [{ revoked: 2, carried: 2, conflicts: 0, refused: 0 }])
    t.equal(store.state, 'primary')
    const now = await held(primary)
    t.strictSame(now.map(({ key }) => key).sort(), [kept, begun, task].sort())
    t.strictSame(now.find(({ key }) => key === kept), before.find(({ key }) => key === kept))
    t.match(now.find(({ key }) => key === begun), { version: 2, body: 'two', streams: [{ entries: ['a', 'b'] }] })
    t.match(now.find(({ key }) => key === task), { partition: 'tasks' })
    t.strictSame(await primary.records.removed([ended, kept]), [ended])
    t.strictSame(await primary.partition('tasks').records.removed([revoked, task]), [revoked])
    t.equal(await store.events.append({ key: begun, name: 'log' }, [bytes('c')]), 3, 'and its stream goes on')
  })
}

t.test('while the -wal file is missing the fallback serves, and nothing is overwritten until it is back', async t => {
  const { path, remove } = makeFolder()
  const torn = makeFolder()
  t.teardown(() => {
    remove()
    torn.remove()
  })
  const before = sqlite({ path })
  const session = await create(before)
  // As a process that is killed leaves them.
  for (const end of ['', '-wal', '-open']) cpSync(path + end, torn.path + end)
  await before.close()
  renameSync(`${torn.path}-wal`, `${torn.path}-away`)

  const warnings: string[] = []
  const primary = sqlite({ path: torn.path, onWarning: warning => { warnings.push((warning as any).code) } })
  t.strictSame(warnings, ['SQLITE_WAL_MISSING'])
  const { changes, store } = fallingBack(primary, memory())
  t.teardown(async () => { await store.close() })
  await t.rejects(store.records.read(session), 'not a miss')
  t.equal(store.state, 'fallback')
  const begun = await create(store)
  const back = once(changes, 'primary')
  renameSync(`${torn.path}-away`, `${torn.path}-wal`)
  t.match(await back, [{ carried: 1, conflicts: 0 }])
  t.strictSame((await held(primary)).map(({ key }) => key).sort(), [session, begun].sort())
})
