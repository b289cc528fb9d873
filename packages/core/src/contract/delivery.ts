import assert from 'node:assert/strict'
import { group } from './group.js'
import { bytes, positions } from './trial.js'

export const delivery = group('delivery', {
  'nothing is delivered at first': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b'].map(bytes), { head: bytes('h') })
    assert.deepEqual(await t.mustReadAfter(stream, 'undelivered'), await t.mustReadAfter(stream, 0))
  },

  'reading delivers nothing': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b'].map(bytes))
    await t.mustReadAfter(stream, 0)
    assert.deepEqual(positions(await t.mustReadAfter(stream, 'undelivered')), [1, 2])
  },

  'what was delivered is not undelivered': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b', 'c'].map(bytes))
    await t.events.delivered(stream, 2)
    const page = await t.mustReadAfter(stream, 'undelivered')
    assert.deepEqual([page.after, positions(page)], [2, [3]])
    await t.events.append(stream, ['d', 'e'].map(bytes))
    assert.deepEqual(positions(await t.mustReadAfter(stream, 'undelivered', 2)), [3, 4])
    await t.second.events.delivered(stream, 5)
    assert.deepEqual(positions(await t.mustReadAfter(stream, 'undelivered')), [])
    assert.deepEqual(positions(await t.mustReadAfter(stream, 0)), [1, 2, 3, 4, 5], 'a position still reads all')
  },

  'delivery never moves backwards': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, Array.from({ length: 12 }, (_, i) => bytes(`${i}`)))
    await t.events.delivered(stream, 10)
    await t.events.delivered(stream, 9)
    await t.events.delivered(stream, 0)
    assert.deepEqual(positions(await t.mustReadAfter(stream, 'undelivered')), [11, 12])
  },

  'streams remember their deliveries apart': async (t) => {
    const one = await t.stream()
    const two = { key: one.key, name: `${one.name}2` }
    for (const stream of [one, two]) await t.events.append(stream, [bytes('a')])
    await t.events.delivered(one, 1)
    assert.deepEqual(positions(await t.mustReadAfter(one, 'undelivered')), [])
    assert.deepEqual(positions(await t.mustReadAfter(two, 'undelivered')), [1])
  },

  'an ended stream that was delivered to its end says so': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [bytes('a')], { end: true })
    await t.events.delivered(stream, 1)
    const page = await t.mustReadAfter(stream, 'undelivered')
    assert.deepEqual([page.entries, page.ended, page.lost], [[], true, false])
  }
})
