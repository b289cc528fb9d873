import { Redis } from 'ioredis'
import t from 'tap'
import { redis, type RedisBackend } from '../dist/index.js'
import { type ScriptName, scripts } from '../dist/script.js'
import { bytes, create, draft, text, UNLIMITED } from './fixtures/given.js'
import { CuttingProxy, RedisServer } from '@holdfast/real-redis'

// Some of each kind of call; the endurance suite cuts 10,000 replies to whole servers.
const server = await RedisServer.start()
const proxy = await CuttingProxy.before(server.port)
const client = new Redis({ port: proxy.port, retryStrategy: () => 1, maxRetriesPerRequest: null })
client.setMaxListeners(0)
const backend = redis({ client, onWarning: () => {}, commandTimeout: 10_000, maxEntries: 10_000 })
const { records, events } = backend
t.teardown(async () => {
  await backend.close()
  client.disconnect()
  proxy.close()
  await server.stop()
})

/** Makes calls, each of which loses its connection between the command and the answer. */
async function cutting<T> (times: number, script: ScriptName, call: (i: number) => Promise<T>): Promise<T[]> {
  const answers = [await call(0)]
  for (let i = 1; i <= times; i++) {
    proxy.cutAfter(scripts[script].sha)
    answers.push(await call(i))
  }
  return answers
}

function expectCuts (t: { equal: (found: number, wanted: number, message: string) => unknown }, cuts: number): void {
  t.equal(proxy.cuts, cuts, 'every call was cut')
  proxy.cuts = 0
}

t.test('records are created once, and the answer says so', async (t) => {
  const before = await records.count()
  const answers = await cutting(
    30, 'record-create', async () => await records.create(draft({ subject: 'maker' }), UNLIMITED)
  )
  expectCuts(t, 30)
  t.ok(answers.every((answer) => answer === 'created'))
  t.equal(await records.count(), before + 31)
  t.equal(await records.count(draft({ subject: 'maker' }).owner), 31)
})

t.test('replacements are applied once, and answer with their version', async (t) => {
  const key = await create(records)
  const answers = await cutting(50, 'record-replace', async (i) => await records.replace(key, i + 1, bytes(`${i}`)))
  expectCuts(t, 50)
  t.strictSame(answers, answers.map((_, i) => i + 2))
  const record = await records.read(key)
  t.strictSame([record?.version, text(record?.body)], [52, '50'])
})

t.test('a replacement is known again also when others were faster than its second coming', async (t) => {
  const key = await create(records)
  proxy.cutAfter(scripts['record-replace'].sha)
  const other = redis({ url: server.url, onWarning: () => {} })
  const first = records.replace(key, 1, bytes('first'))
  let version: number | 'conflict' | 'gone' = 'conflict'
  while (version === 'conflict') version = await other.records.replace(key, 2, bytes('second'))
  t.equal(version, 3)
  t.equal(await first, 2)
  t.equal(text((await records.read(key))?.body), 'second')
  await other.close()
  expectCuts(t, 1)
})

t.test('entries are appended once', async (t) => {
  const stream = { key: await create(records), name: 'stream' }
  const answers = await cutting(50, 'stream-append', async (i) => await events.append(stream, [bytes(`${i}`)], {
    end: i === 50
  }))
  expectCuts(t, 50)
  t.strictSame(answers, answers.map((_, i) => i + 1))
  const page = await events.readAfter(stream, 0, 1000)
  t.strictSame(page?.entries.map(({ body }) => text(body)), answers.map((_, i) => `${i}`))
  t.equal(page?.ended, true)
})

t.test('streams that are over with one append are written once, and end once', async (t) => {
  const key = await create(records)
  const name = (i: number): string => `over-${i}`
  const answers = await cutting(
    50, 'stream-append',
    async (i) => await events.append({ key, name: name(i) }, ['a', 'b'].map(bytes), { head: bytes('head'), end: true })
  )
  expectCuts(t, 50)
  t.ok(answers.every((answer) => answer === 2))
  const found = await events.streams([key])
  t.strictSame(
    found.map((stream) => stream.name).toSorted(), Array.from({ length: 16 }, (_, i) => name(35 + i)).toSorted(),
    'and none made room twice'
  )
  t.equal(await events.append({ key, name: name(50) }, [bytes('c')]), 'ended')
})

t.test('ended streams are imported once, and the answer says so', async (t) => {
  const key = await create(records)
  const answers = await cutting(20, 'stream-insert', async (i) =>
    await events.importStream({
      key, name: `${i}`, head: bytes('head'), floor: i, entries: [bytes('a')], ended: true, delivered: 0
    }))
  expectCuts(t, 20)
  t.ok(answers.every((answer) => answer))
  t.equal((await events.streams([key])).length, 16)
  t.equal(await events.importStream({
    key, name: '20', head: bytes('head'), floor: 9, entries: [bytes('b')], ended: true, delivered: 0
  }), false)
})

t.test('open streams are imported once, and the answer says so', async (t) => {
  const key = await create(records)
  const answers = await cutting(50, 'stream-insert', async (i) =>
    await events.importStream({
      key, name: `${i}`, head: bytes('head'), floor: i, entries: [bytes('a')], ended: false, delivered: 0
    }))
  expectCuts(t, 50)
  t.ok(answers.every((answer) => answer))
  t.equal((await events.streams([key])).length, 51)
})

t.test('records are removed once, and the answer says so', async (t) => {
  const keys: string[] = []
  for (let i = 0; i <= 20; i++) keys.push(await create(records))
  const before = await records.count()
  const answers = await cutting(20, 'record-remove', async (i) => await records.remove(keys[i] as string))
  expectCuts(t, 20)
  t.ok(answers.every((answer) => answer))
  t.equal(await records.count(), before - 21)
})

t.test('records are released once, and the answer says so', async (t) => {
  const keys: string[] = []
  for (let i = 0; i <= 50; i++) keys.push(await create(records, { subject: 'mover' }))
  const before = await records.count()
  const answers = await cutting(50, 'record-release', async (i) => await records.release(keys[i] as string, 1))
  expectCuts(t, 50)
  t.ok(answers.every((answer) => answer))
  t.equal(await records.count(), before - 51)
  t.equal(await records.count(draft({ subject: 'mover' }).owner), 0)
})

t.test('touches that are sent again get the same answer', async (t) => {
  const key = await create(records)
  const answers = await cutting(20, 'record-touch', async () => await records.touch(key, 1))
  expectCuts(t, 20)
  t.ok(answers.every((answer) => answer === 'current'))
})

for (const script of ['record-claim', 'record-settle'] as const) {
  t.test(`expired records are handed out once each, even if the answer of ${script} is lost`, async (t) => {
    const claimed = await cutting(50, script, async () => {
      const key = await create(records, { idle: 1 })
      return [key, ...(await claimAll(backend)).toSorted()]
    })
    expectCuts(t, 50)
    for (const [made, ...handed] of claimed) t.strictSame(handed, [made])
  })
}

async function claimAll ({ records }: RedisBackend): Promise<string[]> {
  const keys: string[] = []
  while (keys.length === 0) keys.push(...(await records.claimExpired(10)).records.map(({ key }) => key))
  return keys
}
