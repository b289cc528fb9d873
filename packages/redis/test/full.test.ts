import t from 'tap'
import { bytes, create, draft, UNLIMITED } from './fixtures/given.js'
import { single } from './fixtures/single.js'

t.test('with its memory full, Redis refuses writes that would grow, and serves existing records', async (t) => {
  const { backend: { records, events }, raw } = await single(t, {}, ['--maxmemory-policy', 'noeviction'])
  const [key, other] = [await create(records), await create(records)]
  await events.append({ key, name: 'stream' }, [bytes('event')])
  await raw.config('SET', 'maxmemory', '1mb')
  t.equal(await records.create(draft(), UNLIMITED), 'full')
  await t.rejects(records.replace(key, 1, bytes('larger')), { code: 'HOLDFAST_BACKEND_FULL' })
  await t.rejects(events.append({ key, name: 'stream' }, [bytes('event')]), { code: 'HOLDFAST_BACKEND_FULL' })
  const before = await records.read(key)
  t.equal(await records.touch(key, 1), 'current')
  t.ok(((await records.read(key))?.usedAt ?? 0) >= (before?.usedAt ?? Infinity))
  t.match(await records.remove(other), { key: other })
  await raw.config('SET', 'maxmemory', '0')
  t.equal(await records.create(draft({ key: other }), UNLIMITED), 'exists', 'the tombstone was written')
  t.equal(await records.replace(key, 1, bytes('larger')), 2)
})
