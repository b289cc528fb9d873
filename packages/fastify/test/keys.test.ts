import { inspect } from 'node:util'
import Fastify from 'fastify'
import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import holdfast, { type HoldfastOptions, type KeyProvider, Keyring, file, generateKey } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { k1, k2 } from './fixtures/keys.js'
import { Log } from './fixtures/log.js'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

/** Sets HOLDFAST_KEYS for one test. */
function environment (t: Test, keys: string): void {
  t.teardown(() => { delete process.env.HOLDFAST_KEYS })
  process.env.HOLDFAST_KEYS = keys
}

async function refusal (options: Partial<HoldfastOptions>): Promise<any> {
  const app = Fastify()
  try {
    await app.register(holdfast, { createServer: serving(), ...options })
    throw new Error('it started')
  } catch (error) {
    return error
  } finally {
    await app.close()
  }
}

/** The id of the key that the only session is sealed with; undefined when it is readable. */
async function sealedWith (t: Test, options: Partial<HoldfastOptions>): Promise<string | undefined> {
  const backend = memory()
  const { url } = await start(t, { backend, context: { resolve: () => ({ apiKey: 'canary' }) }, ...options })
  const client = await RawClient.open(url)
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
  const [record] = (await backend.records.list({ limit: 1 })).records
  const text = Buffer.from(record?.body ?? []).toString('latin1')
  return text.includes('canary') ? undefined : /k\d/.exec(text)?.[0]
}

t.test('sessions are sealed with the first key, wherever the keys come from', async t => {
  const [id = '', key = ''] = k1.split(':')
  t.equal(await sealedWith(t, { keys: `${k2},${k1}` }), 'k2')
  t.equal(await sealedWith(t, { keys: [{ id, key }] }), 'k1')
  t.equal(await sealedWith(t, { keys: [{ id, key: Buffer.from(key, 'base64') }] }), 'k1')
  t.equal(await sealedWith(t, { keys: new Keyring(k1) }), 'k1')
  const flip = async (key: Uint8Array): Promise<Uint8Array> => key.map(byte => byte ^ 1)
  t.equal(await sealedWith(t, { keys: { id: 'k9', wrap: flip, unwrap: flip } }), 'k9')
  t.equal(await sealedWith(t, {}), undefined, 'in memory, without keys')
})

t.test('keys of the environment are taken, unless others are given or none are wanted', async t => {
  environment(t, k1)
  t.equal(await sealedWith(t, {}), 'k1')
  t.equal(await sealedWith(t, { keys: k2 }), 'k2')
  const log = new Log()
  await start(t, { encryption: 'none' }, { fastify: { logger: log.logger } })
  t.equal(log.saying('holdfast: HOLDFAST_KEYS is ignored').length, 1)
  t.equal(await sealedWith(t, { encryption: 'none' }), undefined)
})

t.test('what outlives the process is sealed, or said to be readable', async t => {
  const snapshot = file(`${await folder(t)}/sessions`)
  for (const options of [{ snapshot }, { backend: { ...memory(), durable: true } }]) {
    t.match(await refusal(options), {
      name: 'InvalidOptionError', path: 'keys', message: /HOLDFAST_KEYS.*encryption: "none"/
    })
    await start(t, { ...options, encryption: 'none' })
    await start(t, { ...options, keys: k1 })
  }
  t.match(await refusal({ keys: k1, encryption: 'none' }), { name: 'InvalidOptionError', path: 'encryption' })
})

t.test('one bad key fails the start, and is named but not shown', async t => {
  const [, key = ''] = k1.split(':')
  const bytes = Buffer.from(key, 'base64')
  const longest = bytes.toString('base64')
  const bad: Array<[keys: unknown, path: string]> = [
    ['', 'keys[0]'],
    [' ', 'keys[0]'],
    [key, 'keys[0]'],
    [`k2:${key},`, 'keys[1]'],
    [`${k2},k1:`, 'keys[1].key'],
    [`${k2},:${key}`, 'keys[1].id'],
    [`${k2},k1:${bytes.subarray(1).toString('base64')}`, 'keys[1].key'],
    [`${k2},k1:${Buffer.alloc(33, 7).toString('base64')}`, 'keys[1].key'],
    [`k1:${longest.slice(0, -1)}A,${k2}`, 'keys[0].key'],
    [`${k2},k1:${bytes.toString('hex').toUpperCase()}`, 'keys[1].key'],
    [`${k2},k1:${bytes.toString('latin1').replaceAll(/[:,]/g, 'x')}`, 'keys[1].key'],
    [`${k2},k1:${Buffer.alloc(32).toString('base64')}`, 'keys[1].key'],
    [`${k2},${k1},k2:${key}`, 'keys[2].id'],
    [`${k1},k2:${key}`, 'keys[1].key'],
    [`${k2},${k1}:asleep`, 'keys[1].state'],
    [`${k2}:revoked`, 'keys'],
    [`${k2},${key}:k1`, 'keys[1].id'],
    [[], 'keys'],
    [[{ id: 'k1', key: bytes }, { id: 'k2', key: bytes.subarray(1) }], 'keys[1].key'],
    [[{ id: 'k1', key: bytes, wrap: true }], 'keys[0].wrap'],
    [{ id: 'k1' }, 'keys'],
    [{ id: 'kms', wrap: async () => bytes }, 'keys[0].unwrap']
  ]
  for (const [keys, path] of bad) {
    for (const source of ['option', 'environment']) {
      if (source === 'environment' && typeof keys !== 'string') continue
      if (source === 'environment') process.env.HOLDFAST_KEYS = keys as string
      const error = await refusal(source === 'environment' ? {} : { keys: keys as string })
      delete process.env.HOLDFAST_KEYS
      t.match(error, { code: 'HOLDFAST_INVALID_KEY', path }, `${path} of the ${source}`)
      const shown = inspect(error, { depth: 9, showHidden: true }) + String(error.stack)
      const hex = bytes.toString('hex').slice(0, 16)
      for (const part of [key.slice(0, 12), hex, hex.toUpperCase()]) {
        t.notOk(shown.includes(part), `${path} shows nothing`)
      }
    }
  }
  for (const keys of [7, true, null, () => k1]) {
    t.match(await refusal({ keys: keys as any }), { name: 'InvalidOptionError', path: 'keys' })
  }
})

t.test('a snapshot that is no place for one is refused, and so is an interval that no timer can keep', async t => {
  const store = { read: () => undefined, write: async () => {}, mayRevive: true }
  for (const snapshot of ['sessions', {}, { read: store.read }, { ...store, mayRevive: false }, null, file] as any[]) {
    t.match(await refusal({ keys: k1, snapshot }), { path: 'snapshot' })
  }
  for (const every of [0, -1, 1.5, NaN, 'often', 2 ** 31] as any[]) {
    t.match(await refusal({ keys: k1, snapshot: { ...store, every } }), { path: 'snapshot' }, String(every))
  }
  t.match(await refusal({ encryption: 'aes' as 'none' }), { path: 'encryption', message: /none/ })
})

t.test('while a KMS is away requests are answered 503, and afterwards as if nothing had been', async t => {
  let away = true
  let asked = 0
  const turn = async (key: Uint8Array): Promise<Uint8Array> => {
    asked++
    if (away) throw new Error('ECONNREFUSED')
    return key.map(byte => byte ^ 0x55)
  }
  const kms: KeyProvider = { id: 'kms', maxAge: 1, wrap: turn, unwrap: turn }
  const backend = memory()
  const { url, app } = await start(t, { backend, keys: kms, live: { max: 1 } })
  const bodies: Uint8Array[] = []
  const { create } = backend.records
  backend.records.create = async (record, limits) => {
    bodies.push(record.body)
    return await create.call(backend.records, record, limits)
  }
  const bare = new RawClient(url, { accept: 'application/json, text/event-stream' })
  const expect503 = async (response: Response, id: unknown): Promise<void> => {
    t.equal(response.status, 503)
    t.equal(response.headers.get('retry-after'), '5')
    t.match(await response.json(), { jsonrpc: '2.0', id, error: { code: -32000 } })
  }
  await expect503(await bare.post(initializeRequest()), 'init')
  t.equal(await app.mcpSessions.count(), 0)
  t.equal(bodies.length, 0, 'nothing was stored readable instead')
  away = false
  const [client] = await Promise.all(Array.from({ length: 5 }, async () => await RawClient.open(url))) as [RawClient]
  t.ok(asked > 0)
  // Another process, to which the KMS has given nothing yet.
  const other = await start(t, { backend, keys: { ...kms } })
  const elsewhere = client.at(other.url)
  away = true
  await expect503(await elsewhere.start('echo'), 1)
  await expect503(await elsewhere.get(), null)
  t.equal(await app.mcpSessions.count(), 5, 'the records stay')
  away = false
  t.strictSame(await elsewhere.call('echo', { fine: true }), { fine: true })
  t.ok(bodies.every(body => !Buffer.from(body).includes('clientInfo')))
})

t.test('generateKey makes keys that can be used as they are', async t => {
  t.equal(await sealedWith(t, { keys: generateKey('k7') }), 'k7')
})
