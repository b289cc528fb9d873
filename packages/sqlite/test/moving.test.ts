import t from 'tap'
import { migrate, mirrored, switchable } from '@holdfast/core'
import { UNLIMITED, bytes, furnish, ownerOf } from './fixtures/moved.js'
import { held, heldApartFromUse } from './fixtures/held.js'
import { WAYS, startPlaces } from './fixtures/places.js'
import { Writers } from './fixtures/writers.js'

const AMOUNT = 130

const make = await startPlaces(t)

for (const [from, to] of WAYS) {
  t.test(`migrate: from ${from} to ${to} and back, nothing is lost or changed`, async t => {
    const [first, second] = [make(t, from), make(t, to)]
    const keys = await furnish(first, AMOUNT)
    const [ended, changed, streamed] = keys as [string, string, string]
    const before = await held(first)
    t.match(await migrate(first, second), { copied: AMOUNT, updated: 0, skipped: 0, ended: 0, failed: [] })
    t.strictSame(await held(second), before)
    t.match(await migrate(first, second), { copied: 0, updated: 0, skipped: AMOUNT, failed: [] })

    await first.records.remove(ended)
    t.equal(await first.records.replace(changed, 2, bytes('changed')), 3)
    await first.events.append({ key: streamed, name: 'late' }, [bytes('c')], { end: true })
    t.match(await migrate(first, second), { copied: 0, ended: 1, failed: [] })
    t.strictSame(await held(second), await held(first))
    t.strictSame(await second.records.removed([ended, changed]), [ended])
    const revived = await second.records.create({
      key: ended, owner: ownerOf('owner 0'), idle: 1000, absolute: 1000, body: bytes('older')
    }, UNLIMITED)
    t.equal(revived, 'exists', 'what has ended cannot be created there')

    const now = await held(first)
    t.match(await migrate(first, second, { deleteAfterMigration: true }), { deleted: AMOUNT - 1, failed: [] })
    t.strictSame(await held(first), [])
    t.match(await migrate(second, first), { copied: AMOUNT - 1, ended: 0, failed: [] })
    t.strictSame(await held(first), now)
  })

  t.test(`switchable: from ${from} to ${to} and back, while records and streams are written`, async t => {
    const [first, second] = [make(t, from), make(t, to)]
    await furnish(first, AMOUNT)
    const store = switchable(first)
    const writers = await Writers.start(store)
    t.match(await store.switchTo(second, { batchSize: 20 }), { failed: [] })
    t.equal(store.serving, second)
    await writers.more(20)
    t.match(await store.switchTo(first, { batchSize: 20 }), { failed: [] })
    await writers.more(20)
    await writers.stop()
    t.equal(store.serving, first)
    t.strictSame(await writers.lost(first), [], 'every acknowledged write is there, and none twice')
  })

  t.test(`mirrored: ${from} with a copy in ${to}, and the other way round after it is promoted`, async t => {
    const [first, second] = [make(t, from), make(t, to)]
    await furnish(first, AMOUNT)
    const store = mirrored(first, [second])
    t.match(await store.backfill(), [{ copied: AMOUNT, failed: [] }])
    const writers = await Writers.start(store)
    await writers.more(20)
    t.equal(await store.promote(second), 0)
    t.equal(store.serving, second)
    await writers.more(20)
    await writers.stop()
    t.strictSame(await writers.lost(second), [])
    t.equal(await store.promote(first), 0)
    t.strictSame(await writers.lost(first), [])
    t.strictSame(await heldApartFromUse(second), await heldApartFromUse(first))
  })
}
