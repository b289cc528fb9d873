import { join } from 'node:path'
import t from 'tap'
import { type Backend, Sessions, type SnapshotStore, file, unsealed } from '@holdfast/core'
import { UNLIMITED, bytes } from './fixtures/moved.js'
import { held } from './fixtures/held.js'
import { WAYS, startPlaces } from './fixtures/places.js'

const AMOUNT = 120

const make = await startPlaces(t)

function manager (backend: Backend, snapshot: SnapshotStore): Sessions {
  return new Sessions({ backend, codec: unsealed, snapshot })
}

/** Sessions of owners and of nobody, some with streams, and a record of a partition for each owner. */
async function furnish (sessions: Sessions, { events }: Backend): Promise<string[]> {
  const tasks = sessions.vault.of('tasks')
  return await Promise.all(Array.from({ length: AMOUNT }, async (_, i) => {
    const principal = i % 2 === 0 ? { subject: `owner ${i % 10}` } : null
    const { id, key } = await sessions.create({ principal, data: { i } })
    if (i % 3 === 0) {
      await events.append({ key, name: 'open' }, [bytes('a'), bytes('b')], { head: bytes('head') })
      await events.delivered({ key, name: 'open' }, 1)
    }
    if (principal !== null) {
      const located = tasks.locate(id, principal)
      const body = await tasks.seal(located.key, bytes(`task ${i}`))
      await tasks.create({ ...located, idle: 600_000, absolute: 6_000_000, body }, UNLIMITED)
    }
    return key
  }))
}

for (const [from, to] of WAYS) {
  t.test(`a snapshot of ${from} is restored into ${to}, and one of ${to} into ${from}`, async t => {
    const [first, second] = [make(t, from), make(t, to)]
    const snapshot = file(join(t.testdir(), 'sessions.holdfast'))
    const [before, after] = [manager(first, snapshot), manager(second, snapshot)]
    const keys = await furnish(before, first)
    const all = AMOUNT + AMOUNT / 2
    t.match(await before.exportSessionState(), { exported: all })
    t.match(await after.restoreSessionState(), { restored: all, expired: 0, duplicate: 0, overLimit: 0, invalid: [] })
    t.strictSame(await held(second), await held(first))

    const [ended, streamed] = keys as [string, string, string, string]
    t.equal(await after.terminate({ key: ended, owner: (await second.records.read(ended))?.owner ?? '' }), true)
    await second.events.append({ key: streamed, name: 'late' }, [bytes('c')], { end: true })
    t.match(await after.exportSessionState(), { exported: all - 1 })
    for (const backend of [first, first.partition('tasks')]) {
      for (const { key, version } of (await backend.records.list({ limit: 1000 })).records) {
        t.equal(await backend.records.release(key, version), true)
      }
    }
    t.match(await before.restoreSessionState(), { restored: all - 1, invalid: [] })
    t.strictSame(await held(first), await held(second))
  })
}
