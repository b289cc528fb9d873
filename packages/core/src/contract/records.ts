import assert from 'node:assert/strict'
import { group } from './group.js'
import { newKey, newOwner } from './names.js'
import { bytes, text } from './trial.js'

export const records = group('records', {
  'create stores the given record, and the clock supplies the times': async (t) => {
    const given = t.draft({ owner: newOwner(), idle: 500_000, absolute: 900_000, body: bytes('first') })
    assert.equal(await t.records.create(given, { maxRecords: 1e9, maxPerOwner: 1 }), 'created')
    const { body, createdAt, ...rest } = await t.mustRead(given.key)
    assert.equal(text(body), 'first')
    assert.ok(Number.isSafeInteger(createdAt), 'a time in whole milliseconds')
    assert.deepEqual(rest, {
      key: given.key, owner: given.owner, version: 1, usedAt: createdAt, idle: 500_000, deadline: createdAt + 900_000
    })
  },

  'bodies come back byte for byte': async (t) => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i)
    const large = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7)
    for (const body of [new Uint8Array(0), every, large, bytes('ünïcödé')]) {
      const stored = await t.mustRead(await t.create({ body }))
      assert.ok(stored.body instanceof Uint8Array)
      assert.equal(Buffer.compare(stored.body, body), 0, `${body.length} bytes`)
    }
  },

  'a body that is a part of a larger buffer is stored without its surroundings': async (t) => {
    const stored = await t.mustRead(await t.create({ body: bytes('before|body|after').subarray(7, 11) }))
    assert.equal(text(stored.body), 'body')
  },

  'a key that is taken refuses a second record and keeps the first': async (t) => {
    const key = await t.create({ body: bytes('first') })
    assert.equal(await t.attempt({ key, body: bytes('second') }), 'exists')
    assert.equal(text((await t.mustRead(key)).body), 'first')
  },

  'of many creations of one key exactly one succeeds': async (t) => {
    const key = newKey('')
    const results = await Promise.all(Array.from({ length: 20 }, async (_, i) =>
      await (i % 2 ? t.records : t.second.records).create(t.draft({ key }), { maxRecords: 1e9, maxPerOwner: 1e9 })))
    assert.equal(results.filter((result) => result === 'created').length, 1)
    assert.equal(results.filter((result) => result === 'exists').length, 19)
  },

  'an unknown key is a miss everywhere': async (t) => {
    const key = newKey('')
    assert.equal(await t.records.read(key), undefined)
    assert.equal(await t.records.touch(key, 0), undefined)
    assert.equal(await t.records.touch(key, 1), undefined)
    assert.equal(await t.records.replace(key, 1, bytes('x')), 'gone')
    assert.equal(await t.records.remove(key), undefined)
    assert.equal(await t.records.read(key), undefined, 'and none of it created a record')
  },

  'keys are told apart in full': async (t) => {
    const key = newKey('')
    const twins = [key, `${key}x`, key.slice(0, -1), `x${key}`]
    for (const twin of twins) await t.create({ key: twin, body: bytes(twin) })
    for (const twin of twins) assert.equal(text((await t.mustRead(twin)).body), twin)
  },

  'touch of the stored version answers in one word': async (t) => {
    assert.equal(await t.records.touch(await t.create(), 1), 'current')
  },

  'touch of any other version answers with the record': async (t) => {
    const key = await t.create({ body: bytes('first') })
    assert.equal(await t.records.replace(key, 1, bytes('second')), 2)
    assert.equal(await t.records.touch(key, 2), 'current')
    for (const version of [0, 1, 3]) {
      const found = await t.records.touch(key, version)
      assert.ok(found && found !== 'current', `version ${version}`)
      assert.equal(found.version, 2)
      assert.equal(text(found.body), 'second')
      assert.deepEqual(await t.records.read(key), found)
    }
  },

  'version 0 always fetches': async (t) => {
    const found = await t.records.touch(await t.create({ body: bytes('b') }), 0)
    assert.ok(found && found !== 'current')
    assert.equal(text(found.body), 'b')
  },

  'replace changes the body and the version and nothing else': async (t) => {
    const key = await t.create({ owner: newOwner() })
    const before = await t.mustRead(key)
    assert.equal(await t.records.replace(key, 1, bytes('second')), 2)
    assert.equal(await t.records.replace(key, 2, bytes('third, longer')), 3)
    const after = await t.mustRead(key)
    assert.equal(text(after.body), 'third, longer')
    assert.deepEqual({ ...after, body: before.body, version: 1, usedAt: before.usedAt }, before)
  },

  'count follows creation and removal': async (t) => {
    const owner = newOwner()
    const before = await t.records.count()
    assert.equal(await t.records.count(owner), 0)
    const first = await t.create({ owner })
    await t.create({ owner })
    await t.create()
    assert.equal(await t.records.count(owner), 2)
    assert.equal(await t.records.count(), before + 3)
    await t.records.remove(first)
    assert.equal(await t.records.count(owner), 1)
    assert.equal(await t.records.count(), before + 2)
  }
})
