import assert from 'node:assert/strict'
import type { StreamRef } from '../backend.js'
import { group } from './group.js'
import { bytes, positions, text } from './trial.js'
import type { Trial } from './trial.js'

/** Appends until the first entry is trimmed; resolves to the last position. */
export async function overflow (t: Trial, stream: StreamRef, size: number, atMost: number): Promise<number> {
  for (let appended = 0; appended <= atMost; appended++) {
    const last = await t.events.append(stream, [new Uint8Array(size).fill(1)])
    assert.ok(typeof last === 'number')
    if ((await t.mustReadAfter(stream, 0, 1)).lost) return last
  }
  assert.fail('a stream is bounded')
}

async function begin (t: Trial): Promise<StreamRef> {
  const stream = await t.stream()
  assert.equal(await t.events.append(stream, [], { head: bytes('facts') }), 0)
  return stream
}

export const trimming = group('trimming', {
  'a stream is bounded by its entries': async (t) => {
    await overflow(t, await begin(t), 1, 4 * t.harness.bounds.entries + 200)
  },

  'a stream is bounded by its bytes': async (t) => {
    const { entries, bytes: most } = t.harness.bounds
    const size = Math.ceil(most / 4)
    const last = await overflow(t, await begin(t), size, 64)
    assert.ok(last < entries, 'long before the entries would')
  },

  'what follows a trimmed entry is answered as lost, never as a part': async (t) => {
    const stream = await begin(t)
    const last = await overflow(t, stream, 1, 4 * t.harness.bounds.entries + 200)
    const page = await t.mustReadAfter(stream, 0)
    assert.deepEqual([page.entries, page.lost, page.ended], [[], true, false])
    assert.equal(text(page.head), 'facts', 'the head is kept')
    assert.equal((await t.mustReadAfter(stream, 'undelivered')).lost, true)
    const kept = await t.mustReadAfter(stream, last - 1)
    assert.deepEqual([positions(kept), kept.lost], [[last], false])
    const end = await t.mustReadAfter(stream, last)
    assert.deepEqual([end.entries, end.lost], [[], false])
  },

  'exactly what was trimmed is lost': async (t) => {
    const stream = await begin(t)
    const last = await overflow(t, stream, 1, 4 * t.harness.bounds.entries + 200)
    let position = 0
    while ((await t.mustReadAfter(stream, position, 1)).lost) position++
    assert.ok(position < last, 'something is kept')
    for (const asked of [0, position, last]) assert.equal((await t.mustReadAfter(stream, asked)).floor, position)
    const kept = await t.mustReadAfter(stream, position, last)
    assert.deepEqual(positions(kept), Array.from({ length: last - position }, (_, i) => position + 1 + i))
    await t.events.delivered(stream, position)
    assert.deepEqual(await t.mustReadAfter(stream, 'undelivered', last), kept)
  },

  'positions go on after trimming': async (t) => {
    const stream = await begin(t)
    const last = await overflow(t, stream, 1, 4 * t.harness.bounds.entries + 200)
    assert.equal(await t.events.append(stream, ['y', 'z'].map(bytes), { end: true }), last + 2)
    const page = await t.mustReadAfter(stream, last)
    assert.deepEqual([positions(page), page.ended], [[last + 1, last + 2], true])
    assert.equal((await t.mustReadAfter(stream, 0)).ended, false, 'lost is not the end')
  },

  'trimming one stream leaves the others': async (t) => {
    const stream = await begin(t)
    const other = { key: stream.key, name: `${stream.name}2` }
    await t.events.append(other, [bytes('kept')])
    await overflow(t, stream, 1, 4 * t.harness.bounds.entries + 200)
    assert.deepEqual(positions(await t.mustReadAfter(other, 0)), [1])
  }
})
