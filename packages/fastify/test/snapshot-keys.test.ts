import { readFile, readdir } from 'node:fs/promises'
import t from 'tap'
import { type KeyProvider, file, generateKey } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { k1, k2, keyring } from './fixtures/keys.js'
import { Log } from './fixtures/log.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

const otherBytes = generateKey('k1')
const WRONG = [['another id', k2, `${k2},${k1}`], ['the right id and other bytes', otherBytes, k1]] as const
for (const [what, wrong, right] of WRONG) {
  t.test(`a key of ${what} loses nothing: 503 for unknown ids, and everything is back with the right key`, async t => {
    const directory = await folder(t)
    const path = `${directory}/sessions`
    const first = await start(t, { keys: k1, snapshot: file(path) })
    const client = await RawClient.open(first.url)
    await first.app.close()
    const before = await readFile(path)
    const log = new Log()
    const second = await start(t, { keys: wrong, snapshot: file(path) }, { fastify: { logger: log.logger } })
    t.match(log.saying('holdfast: the snapshot was not restored completely'), [{
      restored: 0, invalid: [{ line: 1, reason: /key/ }]
    }])
    const there = client.at(second.url)
    for (const id of [client.id, 'unknown']) {
      const asked = there.at(second.url, { 'mcp-session-id': id })
      for (const response of [await asked.start('echo'), await asked.get(), await asked.delete()]) {
        t.equal(response.status, 503)
        t.equal(response.headers.get('retry-after'), '5')
        await response.text()
      }
    }
    t.strictSame(await (await RawClient.open(second.url)).call('echo', { fine: true }), { fine: true })
    await t.rejects(second.app.mcpSessions.exportSessionState(), { code: 'HOLDFAST_SNAPSHOT_KEPT' })
    await second.app.close()
    const told = log.saying('holdfast: the snapshot could not be written')
    t.equal(told.length, 2, 'the app that closes says that its own sessions are lost')
    for (const line of told) t.match(line, { err: { code: 'HOLDFAST_SNAPSHOT_KEPT' } })
    t.strictSame(await readFile(path), before)
    t.strictSame(await readdir(directory), ['sessions'], 'nothing beside it either')
    const third = await start(t, { keys: right, snapshot: file(path) })
    t.strictSame(await client.at(third.url).call('echo', { fine: true }), { fine: true })
    t.equal((await client.at(third.url, { 'mcp-session-id': 'unknown' }).start('echo')).status, 404)
  })
}

t.test('a key that comes later brings the sessions back without a restart', async t => {
  const path = `${await folder(t)}/sessions`
  const first = await start(t, { keys: k1, snapshot: file(path) })
  const client = await RawClient.open(first.url)
  await first.app.close()
  const keys = keyring(k2)
  const log = new Log()
  const second = await start(t, { keys, snapshot: file(path, { every: 10 }) }, { fastify: { logger: log.logger } })
  const fresh = await RawClient.open(second.url)
  t.equal((await client.at(second.url).start('echo')).status, 503)
  keys.replace(`${k2},${k1}`)
  await log.hears('holdfast: a snapshot was written')
  t.strictSame(await client.at(second.url).call('echo', {}), {})
  await second.app.close()
  const third = await start(t, { keys: `${k2},${k1}`, snapshot: file(path) })
  t.strictSame(await client.at(third.url).call('echo', {}), {})
  t.strictSame(await fresh.at(third.url).call('echo', {}), {}, 'what began meanwhile is written with them')
})

t.test('a KMS that is away at the start costs waiting, not sessions', async t => {
  const path = `${await folder(t)}/sessions`
  let away = false
  const turn = async (key: Uint8Array): Promise<Uint8Array> => {
    if (away) throw new Error('ECONNREFUSED')
    return key.map(byte => byte ^ 0x55)
  }
  const kms = (): KeyProvider => ({ id: 'kms', wrap: turn, unwrap: turn })
  const first = await start(t, { keys: kms(), snapshot: file(path) })
  const client = await RawClient.open(first.url)
  await first.app.close()
  away = true
  const log = new Log()
  const snapshot = file(path, { every: 10 })
  const second = await start(t, { keys: kms(), snapshot }, { fastify: { logger: log.logger } })
  t.equal((await client.at(second.url).start('echo')).status, 503)
  away = false
  await log.hears('holdfast: the snapshot was restored')
  t.strictSame(await client.at(second.url).call('echo', {}), {})
})

t.test('without a seal a snapshot works too, and is readable', async t => {
  const path = `${await folder(t)}/sessions`
  const context = { resolve: () => ({ apiKey: 'readable' }) }
  const first = await start(t, { encryption: 'none', snapshot: file(path), context })
  const client = await RawClient.open(first.url)
  await first.app.close()
  const [, line = ''] = (await readFile(path, 'utf8')).split('\n')
  t.match(Buffer.from(JSON.parse(line).record.body, 'base64url').toString(), 'readable')
  const second = await start(t, { encryption: 'none', snapshot: file(path) })
  t.strictSame(await client.at(second.url).call('echo', {}), {})
  await second.app.close()
  const log = new Log()
  const third = await start(t, { keys: k1, snapshot: file(path) }, { fastify: { logger: log.logger } })
  t.equal(log.saying('holdfast: the snapshot was not restored completely').length, 1, 'with keys it is not trusted')
  t.equal((await client.at(third.url).start('echo')).status, 404)
})

t.test('a snapshot under a revoked key is given up, and a copy is kept', async t => {
  const directory = await folder(t)
  const path = `${directory}/sessions`
  const first = await start(t, { keys: k1, snapshot: file(path) })
  const client = await RawClient.open(first.url)
  await first.app.close()
  const second = await start(t, { keys: `${k2},${k1}:revoked`, snapshot: file(path) })
  t.equal((await client.at(second.url).start('echo')).status, 404)
  await second.app.close()
  t.match(await readdir(directory), ['sessions', /^sessions\.kept-\d+$/])
})
