import t from 'tap'
import { Keys } from '../dist/keys.js'
import { Stamps } from '../dist/stamps.js'
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

t.test('of two histories of one version neither is current, whoever read which', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const key = await create(records)
  await raw.hset(keys.record(key), { w: 'another', b: 'of another history' })
  t.equal(text((await records.read(key))?.body), 'of another history')
  const found = await records.touch(key, 1)
  t.ok(found && found !== 'current' && found.version === 2)
})

t.test('what is remembered of versions is bounded', async (t) => {
  const stamps = new Stamps()
  for (let i = 0; i < 20_000; i++) stamps.learn(`tag.${i}`, 1, 'id')
  t.equal(stamps.of('tag.9999', 1), '')
  t.equal(stamps.of('tag.10000', 1), 'id')
  t.equal(stamps.of('tag.19999', 1), 'id')
  stamps.forget('tag.19999')
  t.equal(stamps.of('tag.19999', 1), '')
})
