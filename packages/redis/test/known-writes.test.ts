import t from 'tap'
import { Keys } from '../dist/keys.js'
import { KnownWrites } from '../dist/known-writes.js'
import { bytes, create, text } from './fixtures/given.js'
import { single } from './fixtures/single.js'

const keys = new Keys('holdfast:')

t.test('the same version with other content, as a failover leaves it, is not current', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const key = await create(records)
  t.equal(await records.replace(key, 1, bytes('mine, and lost')), 2)
  t.equal(await records.touch(key, 2), 'current')
  await raw.hset(keys.record(key), { w: 'another', b: 'of another history' })
  t.equal(await records.reseal(key, 2, bytes('mine, sealed anew')), false)
  t.equal(await records.replace(key, 2, bytes('built on what was lost')), 'conflict')
  const found = await records.touch(key, 2)
  t.ok(found && found !== 'current')
  if (found === undefined || found === 'current') return
  t.strictSame([found.version, text(found.body)], [3, 'of another history'], 'it got a version that nobody has seen')
  t.equal(await records.touch(key, 3), 'current')
  t.equal(await records.replace(key, 3, bytes('goes on')), 4)
})

t.test('when two writes made the same version, neither is current', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const key = await create(records)
  await raw.hset(keys.record(key), { w: 'another', b: 'of another history' })
  t.equal(text((await records.read(key))?.body), 'of another history')
  const found = await records.touch(key, 1)
  t.ok(found && found !== 'current' && found.version === 2)
})

t.test('the number of remembered versions is bounded', async (t) => {
  const knownWrites = new KnownWrites()
  for (let i = 0; i < 20_000; i++) knownWrites.learn(`tag.${i}`, 1, 'id')
  t.equal(knownWrites.of('tag.9999', 1), '')
  t.equal(knownWrites.of('tag.10000', 1), 'id')
  t.equal(knownWrites.of('tag.19999', 1), 'id')
  knownWrites.forget('tag.19999')
  t.equal(knownWrites.of('tag.19999', 1), '')
})
