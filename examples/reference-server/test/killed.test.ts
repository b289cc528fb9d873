import { readFile, watch } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import t from 'tap'
import { call, count, open, post } from '@holdfast/clients/by-hand'
import { durable } from './fixtures/durable.js'

// Each has a server of its own, and waits for it to start and to end.
t.jobs = 2

t.test('kill -9: what was exported comes back, and what ended since stays ended', { buffered: true }, async t => {
  const it = await durable(t, { HOLDFAST_SNAPSHOT_EVERY: '2s' })
  const { url } = it.server
  const exported = await exports(it.path)
  const [one, other, ended] = [await open(url), await open(url), await open(url)]
  for (const session of [one, other, ended]) await count(url, session, 5)
  await exported(3)
  const snapshot = await readFile(it.path)
  t.equal(await count(url, one), 6, 'since then')
  t.equal((await fetch(url, { method: 'DELETE', headers: ended })).status, 200)
  await it.kill()
  t.ok(snapshot.equals(await readFile(it.path)), 'that one is what the next process finds')

  for (const round of [0, 1]) {
    await it.start()
    t.equal(await count(url, one), 6 + round)
    t.equal(await count(url, other), 6 + round)
    t.equal((await post(url, call('counter'), ended)).status, 404)
    t.equal(await it.server.stop(), 0)
  }
  t.equal(it.server.log(), '')
})

t.test('kill -9 while snapshots are written without a pause: each file found is whole', { buffered: true }, async t => {
  const it = await durable(t, { HOLDFAST_SNAPSHOT_EVERY: '1ms' })
  const { url } = it.server
  const exported = await exports(it.path)
  const sessions = await Promise.all(Array.from({ length: 30 }, async () => await open(url)))
  await exported(30)
  for (let round = 1; round <= 3; round++) {
    for (const session of sessions) await post(url, call('counter'), session)
    await it.kill()
    await it.start()
    t.equal(it.server.log(), '')
    for (const session of sessions) t.equal((await post(url, call('whoami'), session)).status, 200)
  }
})

/**
 * Resolves to a function that waits until a snapshot with so many sessions is there. Watches from the beginning, so
 * that none is missed.
 */
async function exports (path: string): Promise<(sessions: number) => Promise<void>> {
  const events = watch(dirname(path))[Symbol.asyncIterator]()
  const first = events.next()
  return async sessions => {
    for (let event = await first; event.done !== true; event = await events.next()) {
      if (event.value.filename !== basename(path)) continue
      const lines = (await readFile(path, 'utf8')).split('\n')
      if (lines.filter(line => line.startsWith('{"record"')).length === sessions) break
    }
    await events.return?.()
  }
}
