import t from 'tap'
import { bytes, create, draft } from './fixtures/given.js'
import { single } from './fixtures/single.js'

t.test('every key expires by itself', async (t) => {
  const { backend: { records, events, presence }, raw } = await single(t)
  const [kept, removed, owned] = [
    await create(records), await create(records), await create(records, { subject: 'owner' })
  ]
  for (const key of [kept, owned]) {
    await events.append({ key, name: 'ended' }, [bytes('event')], { end: true })
    await events.append({ key, name: 'open' }, [bytes('event')], { head: bytes('head') })
    await events.importStream({
      key, name: 'arrived', head: bytes(''), floor: 0, entries: [bytes('a')], ended: false, delivered: 0
    })
    const [stream] = (await events.streams([key])).filter(({ name }) => name === 'open')
    await events.reseal(stream!)
  }
  await records.remove(removed)
  await presence.announce('replica', 60_000)
  const day = 24 * 3_600_000
  const names = await raw.keys('*')
  t.ok(names.length > 15)
  for (const name of names) {
    const ttl = await raw.pttl(name)
    // The sets of the index last an hour longer than their records.
    const most = /:(all|due|nobody)$|:[ou]:/.test(name) ? 2 * 3_600_000 : 3_600_000
    t.ok(ttl > 0 && ttl <= most + day, `${name}: ${ttl}`)
  }
})

t.test('the index lives as long as its longest-lived record', async (t) => {
  const { backend: { records, presence }, raw } = await single(t)
  const hour = 3_600_000
  const subject = 'owner'
  const same = draft({ subject, absolute: hour })
  await create(records, same)
  await records.release(same.key, 1)
  for (const absolute of [hour, 5 * hour, 2 * hour]) await create(records, { subject, absolute })
  for (let i = 0; i < 3; i++) await presence.announce(`replica-${i}`, 60_000 - 20_000 * i)
  const longest = async (pattern: string): Promise<number> =>
    Math.max(...await Promise.all((await raw.keys(pattern)).map(async (name) => await raw.pttl(name))))
  for (const pattern of ['*:all', '*:due', '*:o:*', '*:u:*']) {
    t.ok(await longest(`holdfast:${pattern}`) > 28 * hour, pattern)
  }
  const replicas = await raw.pttl('holdfast:replicas')
  t.ok(replicas > 40_000 && replicas <= 60_000, 'until the last of them would be gone')
})
