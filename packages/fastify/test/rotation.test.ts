import { memory } from '@holdfast/memory'
import t from 'tap'
import { file } from '../dist/index.js'
import { allEvents, allMessages } from '@holdfast/clients/events'
import { folder } from './fixtures/folder.js'
import { k1, k2, keyring } from './fixtures/keys.js'
import { RawClient, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Call, say, serving } from './fixtures/tools.js'

async function count ({ session }: Call): Promise<unknown> {
  return (await session.update(data => { data.total = Number(data.total ?? 0) + 1 })).total
}

const createServer = serving({
  count,
  talk: async call => {
    await say(call, 'begun')
    return await count(call)
  }
})

t.test('keys are exchanged while twenty sessions work, and no request fails', async t => {
  const path = `${await folder(t)}/sessions`
  const keys = keyring(k1)
  const { url, app } = await start(t, { createServer, keys, snapshot: file(path), live: { max: 12 } })
  const sessions = app.mcpSessions
  const clients = await Promise.all(Array.from({ length: 20 }, async () => await RawClient.open(url)))
  const streams = await Promise.all(clients.map(async client => await allEvents(await client.start('talk'))))
  await sessions.exportSessionState()
  const done = new AbortController()
  const work = clients.map(async client => {
    let calls = 1
    for (; !done.signal.aborted || calls < 5; calls++) {
      const total = calls % 2 === 0
        ? await client.call('count')
        : valueOf((await allMessages(await client.start('talk'))).at(-1))
      if (total !== calls + 1) throw new Error(`call ${calls + 1} says ${total}`)
    }
    return calls
  })
  keys.replace(`${k2},${k1}`)
  t.ok(((await sessions.keysInUse()).get('k1') ?? 0) > 0)
  await t.rejects(sessions.dropKey('k1'), { code: 'HOLDFAST_KEY_IN_USE' })
  await t.rejects(sessions.dropKey('k2'), { code: 'HOLDFAST_KEY_IN_USE' }, 'it is the active one')
  const progress: number[] = []
  const report = await sessions.rotate({ onProgress: ({ resealed, current }) => { progress.push(resealed + current) } })
  t.match(report, { unreadable: 0 })
  t.equal(report.resealed + report.current, 20)
  t.equal(progress.at(-1), 20)
  await sessions.dropKey('k1')
  t.strictSame(keys.ids, [{ id: 'k2', state: 'active' }])
  done.abort()
  const calls = await Promise.all(work)
  t.ok(calls.every(count => count >= 5))
  for (const [n, client] of clients.entries()) {
    const events = streams[n] ?? []
    const first = events.find(({ message }) => message !== undefined)
    const replayed = await allMessages(await client.resume(first?.id as string))
    t.match(replayed, [events.at(-1)?.message], 'a stream from before')
  }
  t.strictSame([...(await sessions.keysInUse()).keys()], ['k2'])
  await app.close()
  const next = await start(t, { createServer, keys: k2, snapshot: file(path) })
  const totals = await Promise.all(clients.map(async client => await client.at(next.url).call('count')))
  t.strictSame(totals, calls.map(count => count + 1))
})

t.test('three phases bring a new key to several replicas without a failed request', async t => {
  const backend = memory()
  const rings = [keyring(k1), keyring(k1)]
  const [a, b] = [
    await start(t, { createServer, backend, keys: rings[0] as any }),
    await start(t, { createServer, backend, keys: rings[1] as any })
  ]
  const client = await RawClient.open(a.url)
  let total = 0
  const both = async (): Promise<void> => {
    for (const { url } of [a, b]) t.equal(await client.at(url).call('count'), ++total)
  }
  await both()
  for (const keys of [`${k1},${k2}`, `${k2},${k1}`]) {
    for (const ring of rings) {
      ring.replace(keys)
      await both()
      await RawClient.open(a.url).then(async other => { t.equal(await other.at(b.url).call('count'), 1) })
    }
  }
  await a.app.mcpSessions.rotate()
  await b.app.mcpSessions.dropKey('k1')
  await both()
  await a.app.mcpSessions.dropKey('k1')
  await both()
})

t.test('what no envelope has sealed needs no key, and is left as it is', async t => {
  const backend = memory()
  const keys = keyring(k1)
  const { url, app } = await start(t, { createServer, backend, keys })
  await RawClient.open(url)
  await RawClient.open(url)
  const [damaged] = (await backend.records.list({ limit: 1 })).records
  const { key, version } = damaged!
  t.equal(await backend.records.reseal(key, version, Buffer.from('{"schema":1}')), true)
  keys.replace(`${k2},${k1}`)
  t.strictSame(await app.mcpSessions.rotate(), { resealed: 1, current: 0, unreadable: 1 })
  t.strictSame([...await app.mcpSessions.keysInUse()], [['k2', 1]])
  t.equal(await app.mcpSessions.count(), 2)
  await app.mcpSessions.dropKey('k1')
})

t.test('without keys there is nothing to rotate', async t => {
  const { app } = await start(t)
  const { mcpSessions } = app
  await t.rejects(mcpSessions.rotate(), { name: 'InvalidOptionError' })
  await t.rejects(mcpSessions.keysInUse(), { name: 'InvalidOptionError' })
  await t.rejects(mcpSessions.dropKey('k1'), { name: 'InvalidOptionError' })
})
