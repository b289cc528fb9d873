import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newName } from './names.js'
import { bytes, hex, positions, text, texts } from './trial.js'

export const streams = group('streams', {
  'positions count from 1 and an append answers with the last': async (t) => {
    const stream = await t.stream()
    assert.equal(await t.events.append(stream, [bytes('a')]), 1)
    assert.equal(await t.events.append(stream, [bytes('b'), bytes('c'), bytes('d')]), 4)
    assert.equal(await t.events.append(stream, []), 4, 'nothing appended')
    assert.equal(await t.events.append(stream, [bytes('e')]), 5)
    const page = await t.mustReadAfter(stream, 0)
    assert.deepEqual(positions(page), [1, 2, 3, 4, 5])
    assert.deepEqual(texts(page), ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual([page.ended, page.lost], [false, false])
  },

  'reading starts after a position and stops at the limit': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b', 'c', 'd', 'e'].map(bytes))
    assert.deepEqual(positions(await t.mustReadAfter(stream, 2)), [3, 4, 5])
    assert.deepEqual(positions(await t.mustReadAfter(stream, 0, 2)), [1, 2])
    assert.deepEqual(positions(await t.mustReadAfter(stream, 2, 2)), [3, 4])
    assert.deepEqual(positions(await t.mustReadAfter(stream, 4, 2)), [5])
    const end = await t.mustReadAfter(stream, 5)
    assert.deepEqual([end.entries, end.ended, end.lost], [[], false, false])
  },

  'a page says which position it follows and what could be read': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b', 'c'].map(bytes))
    for (const position of [0, 1, 3]) {
      const page = await t.mustReadAfter(stream, position)
      assert.deepEqual([page.after, page.floor], [position, 0])
    }
  },

  'a position beyond the end is lost, not awaited': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, ['a', 'b'].map(bytes))
    for (const position of [3, 999_999_999_999_999]) {
      const page = await t.mustReadAfter(stream, position)
      assert.deepEqual([page.after, page.entries, page.lost, page.ended, page.floor], [position, [], true, false, 0])
    }
    await t.events.append(stream, [], { end: true })
    const page = await t.mustReadAfter(stream, 3)
    assert.deepEqual([page.lost, page.ended], [true, false])
  },

  'bodies come back byte for byte': async (t) => {
    const stream = await t.stream()
    const bodies = [new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, i) => i), bytes('line\r\nline\n\n')]
    await t.events.append(stream, bodies)
    const { entries } = await t.mustReadAfter(stream, 0)
    assert.deepEqual(entries.map(({ body }) => hex(body)), bodies.map(hex))
  },

  'the append that creates a stream stores its head': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [bytes('a')], { head: bytes('facts') })
    await t.events.append(stream, [bytes('b')], { head: bytes('other') })
    const page = await t.mustReadAfter(stream, 1)
    assert.equal(text(page.head), 'facts')
    assert.deepEqual(texts(page), ['b'])
  },

  'a stream can begin with a head alone': async (t) => {
    const stream = await t.stream()
    assert.equal(await t.events.append(stream, [], { head: bytes('facts') }), 0)
    const page = await t.mustReadAfter(stream, 0)
    assert.equal(text(page.head), 'facts')
    assert.deepEqual([page.entries, page.ended, page.lost], [[], false, false])
    assert.equal(await t.events.append(stream, [bytes('a')]), 1)
  },

  'a stream without a head has an empty one': async (t) => {
    const stream = await t.stream()
    await t.events.append(stream, [])
    await t.events.append(stream, [bytes('a')], { head: bytes('too late') })
    assert.equal((await t.mustReadAfter(stream, 0)).head.length, 0)
  },

  'an unknown stream is undefined': async (t) => {
    const stream = await t.stream()
    for (const position of [0, 5, 'undelivered'] as const) {
      assert.equal(await t.events.readAfter(stream, position, 10), undefined)
    }
    await t.events.delivered(stream, 3)
    assert.equal(await t.events.readAfter(stream, 0, 10), undefined, 'remembering a delivery does not create it')
  },

  'streams of one record are apart': async (t) => {
    const key = await t.create()
    const names = ['a', 'ab', 'a:b', 'A', 'a*', '0']
    for (const name of names) await t.events.append({ key, name }, [bytes(name)], { head: bytes(name) })
    for (const name of names) {
      const page = await t.mustReadAfter({ key, name }, 0)
      assert.deepEqual([text(page.head), ...texts(page)], [name, name])
    }
  },

  'streams of equal name in two records are apart': async (t) => {
    const [one, two] = [{ key: await t.create(), name: 'same' }, { key: await t.create(), name: 'same' }]
    await t.events.append(one, [bytes('one')], { end: true })
    assert.equal(await t.events.readAfter(two, 0, 10), undefined)
    assert.equal(await t.events.append(two, [bytes('two')]), 1)
    assert.deepEqual(texts(await t.mustReadAfter(two, 0)), ['two'])
    assert.deepEqual(texts(await t.mustReadAfter(one, 0)), ['one'])
  },

  'concurrent appends leave no gap and do not mix': async (t) => {
    const stream = await t.stream()
    const amount = Math.min(40, Math.floor(t.harness.bounds.entries / 2))
    const ends = await Promise.all(Array.from({ length: amount }, async (_, i) =>
      await (i % 2 ? t.events : t.second.events).append(stream, [bytes(`${i}.1`), bytes(`${i}.2`)])))
    const page = await t.mustReadAfter(stream, 0, 1000)
    assert.deepEqual(positions(page), Array.from({ length: 2 * amount }, (_, i) => i + 1))
    const stored = texts(page)
    for (const [i, end] of ends.entries()) {
      assert.deepEqual(stored.slice(Number(end) - 2, Number(end)), [`${i}.1`, `${i}.2`], 'where its append said')
    }
  },

  'drop forgets all streams of a record and nothing else': async (t) => {
    const [key, other] = [await t.create(), await t.create()]
    for (const name of ['a', 'b']) await t.events.append({ key, name }, [bytes('x')], { end: name === 'b' })
    await t.events.append({ key: other, name: 'a' }, [bytes('kept')])
    await t.events.drop(key)
    for (const name of ['a', 'b']) assert.equal(await t.events.readAfter({ key, name }, 0, 10), undefined)
    assert.deepEqual(texts(await t.mustReadAfter({ key: other, name: 'a' }, 0)), ['kept'])
    await t.assertAlive(key, 'the record stays')
    assert.equal(await t.events.append({ key, name: 'b' }, [bytes('new')]), 1, 'a dropped stream begins anew')
    await t.events.drop(newKey(''))
  },

  'another connection reads what was appended': async (t) => {
    const stream = { key: await t.create(), name: newName() }
    await t.events.append(stream, [bytes('a')])
    await t.second.events.append(stream, [bytes('b')], { end: true })
    assert.deepEqual(texts(await t.mustReadAfter(stream, 0)), ['a', 'b'])
    assert.deepEqual(await t.second.events.readAfter(stream, 0, 10), await t.events.readAfter(stream, 0, 10))
  }
})
