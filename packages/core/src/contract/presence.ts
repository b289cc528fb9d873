import assert from 'node:assert/strict'
import { group } from './group.js'
import { newName } from './names.js'

export const presence = group('presence', {
  'a replica that announced itself is present': async (t) => {
    const [replica, other] = [newName(), newName()]
    assert.equal(await t.presence.isPresent(replica), false)
    await t.presence.announce(replica, 1000 * t.unit)
    assert.equal(await t.presence.isPresent(replica), true)
    assert.equal(await t.second.presence.isPresent(replica), true)
    assert.equal(await t.presence.isPresent(other), false)
    const listed = await t.second.presence.list()
    assert.ok(listed.includes(replica) && !listed.includes(other))
  },

  'a replica that falls silent is not present any more': async (t) => {
    const [silent, other] = [newName(), newName()]
    await t.presence.announce(silent, 3 * t.unit)
    await t.presence.announce(other, 1000 * t.unit)
    await t.advance(1)
    assert.equal(await t.presence.isPresent(silent), true)
    await t.advance(4)
    assert.equal(await t.presence.isPresent(silent), false)
    const listed = await t.presence.list()
    assert.ok(listed.includes(other) && !listed.includes(silent))
  },

  'announcing again begins a new time to live': async (t) => {
    const replica = newName()
    await t.presence.announce(replica, 4 * t.unit)
    await t.advance(3)
    await t.presence.announce(replica, 4 * t.unit)
    await t.advance(2)
    assert.equal(await t.presence.isPresent(replica), true)
    assert.equal((await t.presence.list()).filter((name) => name === replica).length, 1)
    await t.presence.announce(replica, t.unit)
    await t.advance(2)
    assert.equal(await t.presence.isPresent(replica), false, 'also a shorter one')
  },

  'a replica that withdraws is gone at once, and may return': async (t) => {
    const [replica, other] = [newName(), newName()]
    await t.presence.announce(replica, 1000 * t.unit)
    await t.presence.announce(other, 1000 * t.unit)
    await t.presence.withdraw(replica)
    await t.presence.withdraw(newName())
    assert.equal(await t.presence.isPresent(replica), false)
    const listed = await t.presence.list()
    assert.ok(listed.includes(other) && !listed.includes(replica))
    await t.presence.announce(replica, 1000 * t.unit)
    assert.equal(await t.presence.isPresent(replica), true)
  }
})
