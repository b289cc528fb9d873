import t from 'tap'
import { generateKey } from '@holdfast/envelope'
import { RedisServer } from '@holdfast/real-redis'
import { corner, crowd, furnished } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'

const server = await RedisServer.start()
t.teardown(async () => { await server.stop() })
const { url } = server

t.test('everything is resealed with a newer key', async (t) => {
  const { env } = await furnished(t, url)
  const [one, two] = [env.HOLDFAST_KEYS, generateKey('k2')]
  t.match(await holdfast(['keys', 'rotate', '--json'], { ...env, HOLDFAST_KEYS: `${two},${one}` }), {
    code: 0, out: /"resealed":4,"current":0,"unreadable":0,"keysInUse":\{"k2":\d+\}/
  })
  t.match(await holdfast(['keys', 'rotate'], { ...env, HOLDFAST_KEYS: `${two},${one}` }), {
    code: 0, out: /^resealed 0, current 4, unreadable 0\nkeys in use: k2 \d+\n$/
  })
  t.match(await holdfast(['sessions', 'list'], { ...env, HOLDFAST_KEYS: two }), { code: 0, out: /ada/ })
  t.match(await holdfast(['sessions', 'list'], env), { code: 1, err: /open none/ })
})

t.test('sessions that cannot be opened are left as they are, and counted', async (t) => {
  const keys = generateKey('k1')
  const { sessions, env } = await furnished(t, url, keys)
  const other = generateKey('k2')
  await corner(t, url, other).sessions.create()
  const damaged = {
    key: `AAAAAAAAAAAA.${'A'.repeat(43)}`, owner: '', idle: 60_000, absolute: 60_000, body: new Uint8Array([1])
  }
  await sessions.vault.backend.records.create(damaged, { maxRecords: 9, maxPerOwner: 9 })
  t.match(await holdfast(['keys', 'rotate'], { ...env, HOLDFAST_KEYS: `${other},${keys}` }), {
    code: 1, out: /^resealed 4, current 0, unreadable 1\nkeys in use: k2 \d+\n$/
  })
})

t.test('without sessions, no key is in use', async (t) => {
  const { env } = corner(t, url)
  t.match(await holdfast(['keys', 'rotate'], env), { code: 0, out: /keys in use: none\n$/ })
})

t.test('without a terminal, progress is a line every two seconds and at the end', async (t) => {
  const { sessions, env } = corner(t, url)
  await crowd(sessions, 300)
  t.match(await holdfast(['keys', 'rotate'], env), { code: 0, err: /^rotated: 300 of 300\n$/ })
  let time = 0
  t.match(await holdfast(['keys', 'rotate'], env, { now: () => { time += 1_000; return time } }), {
    code: 0, err: /^rotated: 200 of 300\nrotated: 300 of 300\n$/
  })
})

t.test('an interrupted rotation continues when it is run again', async (t) => {
  const { sessions, env } = corner(t, url)
  await crowd(sessions, 300)
  const rotated = { ...env, HOLDFAST_KEYS: `${generateKey('k2')},${env.HOLDFAST_KEYS}` }
  const interrupt = (err: string) => / 0 of/.test(err)
  t.match(await holdfast(['keys', 'rotate'], rotated, { typed: '', interrupt }), {
    code: 1, out: '', err: /^holdfast: The command was interrupted\.$/m
  })
  const { resealed, current } = JSON.parse((await holdfast(['keys', 'rotate', '--json'], rotated)).out)
  t.ok(resealed > 0 && current > 0, `${resealed} ${current}`)
  t.equal(resealed + current, 300)
})
