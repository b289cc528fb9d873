import assert from 'node:assert/strict'
import { group } from './group.js'
import { importedStream, streamToImport } from './stream-to-import.js'
import { bytes, hex, plain, positions, text, texts } from './trial.js'
import { overflow } from './trimming.js'

export const importedStreams = group('imported streams', {
  'a stream moves to another record as it was': async (t) => {
    const [from, key] = [await t.stream(), await t.create()]
    await t.events.append(from, ['a', 'b', 'c'].map(bytes), { head: bytes('facts') })
    await t.events.delivered(from, 2)
    const [stored] = await t.events.streams([from.key])
    assert.ok(stored)
    assert.equal(await t.events.importStream({ ...stored, key }), true)
    assert.deepEqual((await t.second.events.streams([key])).map(plain), [{ ...plain(stored), key }])
    await t.events.append({ ...from, key }, [bytes('d')])
    assert.deepEqual((await t.events.streams([from.key])).map(plain), [plain(stored)], 'and stays where it was')
  },

  'a trimmed stream moves as it was': async (t) => {
    const [from, key] = [await t.stream(), await t.create()]
    const last = await overflow(t, from, 1, 4 * t.harness.bounds.entries + 200)
    const [stored] = await t.events.streams([from.key])
    assert.ok(stored)
    await t.events.importStream({ ...stored, key })
    const stream = { ...from, key }
    for (const position of [0, stored.floor - 1, stored.floor, last, last + 1]) {
      assert.deepEqual(await t.mustReadAfter(stream, position), await t.mustReadAfter(from, position))
    }
    assert.equal(await t.events.append(stream, [bytes('x')]), last + 1)
  },

  'positions go on after the last one': async (t) => {
    const stream = await importedStream(t)
    assert.deepEqual(positions(await t.mustReadAfter(stream, 5)), [6, 7])
    assert.equal(await t.events.append(stream, []), 7)
    assert.equal(await t.events.append(stream, ['h', 'i'].map(bytes), { head: bytes('too late') }), 9)
    const page = await t.mustReadAfter(stream, 6)
    assert.deepEqual([text(page.head), positions(page), texts(page)], ['facts', [7, 8, 9], ['g', 'h', 'i']])
  },

  'a stream without entries goes on after its floor': async (t) => {
    for (const floor of [0, 1_000_000]) {
      const stream = await importedStream(t, { floor, entries: [], delivered: floor })
      assert.equal(await t.events.append(stream, [bytes('a')]), floor + 1)
      assert.deepEqual(positions(await t.mustReadAfter(stream, floor)), [floor + 1])
    }
  },

  'what was trimmed away stays lost': async (t) => {
    const stream = await importedStream(t, { delivered: 2 })
    for (const position of [0, 4, 'undelivered', 8] as const) {
      const page = await t.mustReadAfter(stream, position)
      assert.deepEqual([page.entries, page.lost, page.floor], [[], true, 5], `after ${position}`)
    }
    const page = await t.mustReadAfter(stream, 5)
    assert.deepEqual([positions(page), page.lost, page.floor], [[6, 7], false, 5])
  },

  'what was delivered stays delivered': async (t) => {
    const stream = await importedStream(t)
    const page = await t.mustReadAfter(stream, 'undelivered')
    assert.deepEqual([page.after, positions(page)], [6, [7]])
    await t.events.delivered(stream, 5)
    assert.equal((await t.mustReadAfter(stream, 'undelivered')).after, 6, 'and never moves backwards')
    await t.events.delivered(stream, 7)
    assert.equal((await t.mustReadAfter(stream, 'undelivered')).after, 7)
  },

  'an ended stream stays ended and can be read': async (t) => {
    const stream = await importedStream(t, { ended: true })
    assert.equal(await t.events.append(stream, [bytes('h')]), 'ended')
    const page = await t.mustReadAfter(stream, 5)
    assert.deepEqual([texts(page), page.ended], [['f', 'g'], true])
    assert.equal((await t.mustReadAfter(stream, 5, 1)).ended, false, 'one entry is left')
  },

  'an open stream stays open until it ends': async (t) => {
    const stream = await importedStream(t)
    assert.equal((await t.mustReadAfter(stream, 7)).ended, false)
    assert.equal(await t.events.append(stream, [], { end: true }), 7)
    assert.equal((await t.mustReadAfter(stream, 7)).ended, true)
  },

  'streams are imported apart': async (t) => {
    const [one, two] = [await t.create(), await t.create()]
    const refs = [{ key: one, name: 'a' }, { key: one, name: 'ab' }, { key: two, name: 'a' }]
    for (const [floor, ref] of refs.entries()) {
      await t.events.importStream(streamToImport(ref.key, { ...ref, floor, head: bytes(`${floor}`) }))
    }
    for (const [floor, ref] of refs.entries()) {
      const page = await t.mustReadAfter(ref, floor)
      assert.deepEqual([text(page.head), positions(page)], [`${floor}`, [floor + 1, floor + 2]])
    }
  },

  'bodies come back byte for byte': async (t) => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i)
    for (const body of [new Uint8Array(0), every, Uint8Array.from({ length: 65_536 }, (_, i) => i * 7)]) {
      const stream = await importedStream(t, { head: every, entries: [body] })
      const page = await t.mustReadAfter(stream, 5)
      assert.deepEqual([page.head, ...page.entries.map((entry) => entry.body)].map(hex), [every, body].map(hex))
      assert.deepEqual((await t.events.streams([stream.key])).map(({ entries }) => entries.map(hex)), [[hex(body)]])
    }
  },

  'a stream that is too long loses its oldest entries': async (t) => {
    const amount = 4 * t.harness.bounds.entries + 200
    const entries = Array.from({ length: amount }, (_, i) => bytes(`${i + 6}`))
    const stream = await importedStream(t, { entries, delivered: 0 })
    const last = await t.events.append(stream, [bytes(`${amount + 6}`)])
    assert.equal(last, amount + 6)
    const { lost, floor } = await t.mustReadAfter(stream, 5, 1)
    assert.equal(lost, true)
    const page = await t.mustReadAfter(stream, floor, amount + 1)
    assert.deepEqual(texts(page), positions(page).map(String))
    assert.equal(positions(page).at(-1), last)
  },

  'what a caller does to a stream it passed in changes nothing': async (t) => {
    const stream = await importedStream(t)
    const before = await t.events.streams([stream.key])
    stream.head.fill(0)
    for (const entry of stream.entries) entry.fill(0)
    stream.entries.push(bytes('more'))
    assert.deepEqual(await t.events.streams([stream.key]), before)
  }
})
