import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newOwner } from './names.js'
import { streamToImport } from './stream-to-import.js'
import { bytes } from './trial.js'

export const heads = group('heads', {
  'a list without bodies lists the same records': async (t) => {
    const owner = newOwner()
    for (let i = 0; i < 5; i++) await t.create({ owner, body: bytes(`body ${i}`) })
    await t.create({ owner: newOwner() })
    const whole = await t.listAll({ owner, limit: 10 })
    const listed = []
    let cursor: string | undefined
    do {
      const page = await t.records.listHeads({ owner, limit: 2, ...(cursor !== undefined && { cursor }) })
      assert.ok(page.heads.length <= 2, 'a page is no longer than its limit')
      listed.push(...page.heads)
      cursor = page.cursor
    } while (cursor !== undefined)
    assert.deepEqual(listed, whole.map(({ body, ...head }) => head))
  },

  'it lists the living records in their present state': async (t) => {
    const owner = newOwner()
    const [changed, removed] = [await t.create({ owner }), await t.create({ owner })]
    const expired = await t.createFor(2, 100, { owner })
    await t.advance(4)
    await t.records.replace(changed, 1, bytes('anew'))
    await t.records.remove(removed)
    const { heads } = await t.records.listHeads({ owner, limit: 10 })
    assert.deepEqual(heads.map(({ key, version }) => [key, version]), [[changed, 2]])
    assert.ok(!heads.some(({ key }) => key === expired))
  },

  'it says how far streams have come, without their entries': async (t) => {
    const [one, two] = [await t.create({ owner: newOwner() }), await t.create()]
    await t.events.append({ key: one, name: 'open' }, [bytes('a'), bytes('b')], { head: bytes('head') })
    await t.events.delivered({ key: one, name: 'open' }, 1)
    await t.events.append({ key: one, name: 'ended at once' }, [bytes('a')], { end: true })
    await t.events.append({ key: two, name: 'open' }, [bytes('a')])
    await t.events.append({ key: two, name: 'open' }, [], { end: true })
    await t.events.importStream(streamToImport(two, { name: 'from elsewhere' }))
    const [streams, heads] = [await t.events.streams([one, two]), await t.events.heads([one, two])]
    const name = ({ key, name }: { key: string, name: string }): string => `${key} ${name}`
    const expected = streams.map(({ key, name, floor, entries, ended, delivered }) =>
      ({ key, name, last: floor + entries.length, ended, delivered }))
    assert.equal(heads.length, 4)
    assert.deepEqual(
      heads.toSorted((a, b) => name(a).localeCompare(name(b))),
      expected.toSorted((a, b) => name(a).localeCompare(name(b)))
    )
  },

  'a record without streams, or a missing record, contributes nothing': async (t) => {
    const removed = await t.stream()
    await t.events.append(removed, [bytes('a')])
    await t.records.remove(removed.key)
    const expired = { key: await t.createFor(2, 100), name: 'x' }
    await t.events.append(expired, [bytes('a')])
    await t.advance(4)
    assert.deepEqual(await t.events.heads([await t.create(), newKey(''), removed.key, expired.key]), [])
    assert.deepEqual(await t.events.heads([]), [])
  }
})
