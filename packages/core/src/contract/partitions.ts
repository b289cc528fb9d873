import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import type { Backend } from '../backend.js'
import { group } from './group.js'
import { Inbox } from './inbox.js'
import { newName, newOwner } from './names.js'
import { bytes, text } from './trial.js'
import type { Trial } from './trial.js'

/** A random name, so that one server can serve every check. */
function newPartition (): string {
  return Array.from({ length: 12 }, () => String.fromCharCode(97 + randomInt(26))).join('')
}

/** Three places that must not see each other: two partitions, and the backend itself. */
function places (t: Trial): [Backend, Backend, Backend] {
  return [t.backend.partition(newPartition()), t.backend.partition(newPartition()), t.backend]
}

const UNLIMITED = { maxRecords: 1_000_000_000, maxPerOwner: 1_000_000_000 }

export const partitions = group('partitions', {
  'one key has a record of its own in each': async (t) => {
    const draft = t.draft({ owner: newOwner() })
    for (const [i, { records }] of places(t).entries()) {
      assert.equal(await records.read(draft.key), undefined, 'what is in another is not here')
      assert.equal(await records.create({ ...draft, body: bytes(`${i}`) }, UNLIMITED), 'created')
      assert.equal(text((await records.read(draft.key))?.body as Uint8Array), `${i}`)
    }
  },

  'changing, using and removing one leaves the others alone': async (t) => {
    const draft = t.draft({ owner: newOwner() })
    const [one, two, root] = places(t)
    for (const { records } of [one, two, root]) await records.create(draft, UNLIMITED)
    assert.equal(await one.records.replace(draft.key, 1, bytes('changed')), 2)
    assert.equal(await two.records.touch(draft.key, 1), 'current', 'of the version that it has here')
    assert.equal(typeof await one.records.remove(draft.key), 'object')
    assert.deepEqual(await two.records.removeOwner(draft.owner), [draft.key])
    assert.deepEqual(await root.records.removed([draft.key]), [], 'a tombstone is where the record was')
    assert.deepEqual(await one.records.removed([draft.key]), [draft.key])
    assert.equal((await root.records.read(draft.key))?.version, 1)
  },

  'lists, counts and owners are its own': async (t) => {
    const owner = newOwner()
    const [one, two, root] = places(t)
    const keys = await Promise.all([one, one, root].map(async ({ records }) => {
      const draft = t.draft({ owner })
      await records.create(draft, UNLIMITED)
      return draft.key
    }))
    assert.equal(await one.records.count(), 2)
    assert.equal(await one.records.count(owner), 2)
    assert.equal(await two.records.count(), 0)
    assert.deepEqual(
      (await one.records.list({ limit: 10 })).records.map(({ key }) => key).toSorted(), keys.slice(0, 2).toSorted()
    )
    assert.deepEqual((await two.records.list({ limit: 10 })).records, [])
    assert.deepEqual((await root.records.list({ owner, limit: 10 })).records.map(({ key }) => key), keys.slice(2))
    assert.deepEqual(await two.records.idlest({ owner, unusedFor: 0, limit: 10 }), [])
  },

  'caps are its own': async (t) => {
    const owner = newOwner()
    const [one, two] = places(t)
    const caps = { maxRecords: 2, maxPerOwner: 1 }
    assert.equal(await one.records.create(t.draft({ owner }), caps), 'created')
    assert.equal(await two.records.create(t.draft({ owner }), caps), 'created')
    assert.equal(await one.records.create(t.draft({ owner }), caps), 'owner-full')
    assert.equal(await one.records.create(t.draft(), caps), 'created')
    assert.equal(await one.records.create(t.draft(), caps), 'full')
  },

  'an existing record among many new ones takes no room from them': async (t) => {
    const [{ records }] = places(t)
    const [there, another, more] = [t.draft(), t.draft(), t.draft()]
    await records.create(there, UNLIMITED)
    const caps = { ...UNLIMITED, maxRecords: 2 }
    assert.deepEqual(await records.createMany([there, there, another], caps), ['exists', 'exists', 'created'])
    assert.deepEqual(await records.createMany([more], caps), ['full'])
  },

  'a sweep is its own': async (t) => {
    const [one, two, root] = places(t)
    const draft = t.draft({ idle: 2 * t.unit })
    await one.records.create(draft, UNLIMITED)
    await t.advance(4)
    await t.settle()
    for (const { records } of [two, root]) {
      assert.ok(!(await records.claimExpired(1000)).records.some(({ key }) => key === draft.key), 'of another')
    }
    assert.deepEqual((await one.records.claimExpired(1000)).records.map(({ key }) => key), [draft.key])
  },

  'streams are those of its records': async (t) => {
    const draft = t.draft()
    const [one, two, root] = places(t)
    for (const { records } of [one, root]) await records.create(draft, UNLIMITED)
    const stream = { key: draft.key, name: newName() }
    assert.equal(await one.events.append(stream, [bytes('a')]), 1)
    assert.equal(await two.events.append(stream, [bytes('a')]), 'gone')
    assert.equal(await root.events.readAfter(stream, 0, 10), undefined)
    await root.events.drop(draft.key)
    assert.deepEqual((await one.events.streams([draft.key])).map(({ name }) => name), [stream.name])
    await root.records.remove(draft.key)
    assert.equal(await one.events.append(stream, [bytes('b')]), 2)
  },

  'every connection gets it by its name': async (t) => {
    const [name, draft] = [newPartition(), t.draft()]
    await t.backend.partition(name).records.create(draft, UNLIMITED)
    assert.ok(await t.second.partition(name).records.read(draft.key))
    assert.ok((await t.second.partitions()).includes(name))
    assert.ok((await t.backend.partitions()).includes(name))
  },

  'the partitions of a partition are its siblings': async (t) => {
    const [one, two] = [newPartition(), newPartition()]
    const draft = t.draft()
    await t.backend.partition(two).records.create(draft, UNLIMITED)
    assert.ok(await t.backend.partition(one).partition(two).records.read(draft.key))
    assert.ok((await t.backend.partition(one).partitions()).includes(two))
  },

  'bus and presence are those of the backend': async (t) => {
    const [one] = places(t)
    const [replica, channel] = [newName(), newName()]
    await one.presence.announce(replica, 100 * t.unit)
    assert.equal(await t.backend.presence.isPresent(replica), true)
    const inbox = new Inbox()
    const leave = await t.backend.bus.subscribe(channel, inbox.listener)
    await one.bus.publish(channel, bytes('hello'))
    await inbox.expect(t, 'hello')
    await leave()
    await t.backend.presence.withdraw(replica)
  },

  'it has the properties of its backend, and closing it closes nothing': async (t) => {
    const [one] = places(t)
    assert.deepEqual([one.shared, one.durable], [t.backend.shared, t.backend.durable])
    await one.ping()
    await one.close()
    await t.assertAlive(await t.create(), 'the backend is open')
    assert.equal(await one.records.create(t.draft(), UNLIMITED), 'created')
  },

  'an invalid name is refused': async (t) => {
    for (const name of ['', 'A', 'a1', 'a:b', 'a.b', 'ä', 'seventeenletterss', ' a', 1, null, undefined]) {
      assert.throws(
        () => t.backend.partition(name as string), { code: 'HOLDFAST_INVALID_OPTION', path: 'partition' }, String(name)
      )
    }
    assert.ok(t.backend.partition('sixteenlettersss'))
  }
})
