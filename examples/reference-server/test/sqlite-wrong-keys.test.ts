import { generateKey } from '@holdfast/fastify'
import { call, count, open, post } from '@holdfast/clients/by-hand'
import t from 'tap'
import { startChildServer } from '../dist/child-server.js'
import { durable } from './fixtures/durable.js'

t.test('two applications on one file with different keys: 503 for sessions of the other, none is lost', async t => {
  const it = await durable(t, {}, 'sqlite')
  const other = await startChildServer({
    HOLDFAST_BACKEND: 'sqlite', HOLDFAST_SQLITE: it.path, HOLDFAST_KEYS: generateKey('other')
  })
  t.teardown(async () => { await other.kill() })
  const [a, b] = [it.server.url, other.url]
  const [ofA, ofB] = [await open(a), await open(b)]
  await count(a, ofA, 7)
  await count(b, ofB, 7)
  const foreign: Array<[url: URL, session: Record<string, string>]> = [[b, ofA], [a, ofB]]
  for (const [url, session] of foreign) {
    for (const response of [
      await post(url, call('counter'), session),
      await fetch(url, { headers: { ...session, accept: 'text/event-stream' } })
    ]) {
      t.equal(response.status, 503)
      t.match(response.headers.get('retry-after'), /^\d+$/)
      t.match(await response.json(), { error: {} })
    }
    const unknown = { 'mcp-session-id': 'A'.repeat(43) }
    t.equal((await post(url, call('counter'), unknown)).status, 404, 'an unknown id is unknown')
  }
  t.equal(await count(a, ofA), 8)
  t.equal(await count(b, ofB), 8)
  t.equal(await it.server.stop(), 0)
  t.equal(await other.stop(), 0)

  await it.start()
  t.equal(await count(a, ofA), 9, 'after a restart, too')
  t.equal((await post(a, call('counter'), ofB)).status, 503)
  await it.restart({ HOLDFAST_KEYS: `${it.keys},${generateKey('third')}` })
  t.equal(await count(a, ofA), 10)
  for (const session of [ofA, ofB]) t.notMatch(it.said() + other.log(), session['mcp-session-id'])
})
