import { readFile } from 'node:fs/promises'
import { generateKey } from '@holdfast/fastify'
import t from 'tap'
import { call, count, open, post } from '@holdfast/clients/by-hand'
import { durable } from './fixtures/durable.js'

t.test('with other keys nothing is answered 404 or overwritten; with the right keys everything is back', async t => {
  const it = await durable(t)
  const { url } = it.server
  const sessions = [await open(url), await open(url)]
  for (const session of sessions) await count(url, session, 7)
  t.equal(await it.server.stop(), 0)
  const before = await readFile(it.path)

  await it.start({ HOLDFAST_KEYS: generateKey('other'), HOLDFAST_SNAPSHOT_EVERY: '50ms' })
  t.match(it.server.log(), 'sealed with a key that is not here')
  for (const session of sessions) {
    for (const response of [
      await post(url, call('counter'), session),
      await fetch(url, { headers: { ...session, accept: 'text/event-stream' } }),
      await fetch(url, { method: 'DELETE', headers: session })
    ]) {
      t.equal(response.status, 503)
      t.match(response.headers.get('retry-after'), /^\d+$/)
      t.match(await response.json(), { error: {} })
    }
  }
  const own = await open(url)
  t.equal(await count(url, own), 1, 'new sessions are served')
  t.equal((await fetch(url, { method: 'DELETE', headers: own })).status, 200)
  t.equal(await it.server.stop(), 0)
  t.match(it.server.log(), 'HOLDFAST_SNAPSHOT_KEPT')
  t.ok(before.equals(await readFile(it.path)), 'not a byte was changed')

  await it.start()
  for (const session of sessions) t.equal(await count(url, session), 8)
  const unknown = { 'mcp-session-id': 'A'.repeat(43) }
  t.equal((await post(url, call('counter'), unknown)).status, 404, 'an unknown id is unknown again')
})

t.test('a new key in front takes over, and the old one can go after the next restart', async t => {
  const it = await durable(t)
  const { url } = it.server
  const session = await open(url)
  const other = generateKey('other')
  for (const keys of [`${other},${it.keys}`, `${other},${it.keys}`]) {
    await it.restart({ HOLDFAST_KEYS: keys })
    await count(url, session)
  }
  await it.restart({ HOLDFAST_KEYS: other })
  t.equal(await count(url, session), 3)
  t.equal(it.said(), `listening on ${url.href}\n`.repeat(4))
})
