import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generateKey } from '@holdfast/fastify'
import t from 'tap'
import { call, initialize, open, post } from '@holdfast/clients/by-hand'
import { durable } from './fixtures/durable.js'

const TOKENS = ['swordfish-token', 'angelfish-token', 'catfish-token'] as const
const CONTEXT = 'canary-of-the-context'
const DATA = 'canary-in-an-argument'

t.test('neither what is written nor what is stored shows a key, a token, an id or what a session holds', async t => {
  const it = await durable(t, {
    HOLDFAST_DEMO_TOKENS: `tenant-a:${TOKENS[0]},tenant-b:${TOKENS[1]}`, HOLDFAST_SNAPSHOT_EVERY: '20ms'
  })
  const { url } = it.server
  const a = { authorization: `Bearer ${TOKENS[0]}` }
  const session = await open(url, { ...a, 'x-api-key': CONTEXT })
  const ended = await open(url, { authorization: `Bearer ${TOKENS[1]}`, 'x-api-key': CONTEXT })
  const folder = dirname(it.path)
  const files = async (): Promise<string> => {
    const names = await readdir(folder)
    return (await Promise.all(names.map(async name => name + await readFile(join(folder, name), 'utf8')))).join('')
  }
  const stored: string[] = []

  const misuse = async (): Promise<void> => {
    await post(url, call('announce', { text: DATA }), session)
    await post(url, call('counter', { by: DATA }), session)
    await post(url, call('countdown', { steps: 1, intervalMs: 600, announce: DATA }), session)
    await post(url, call('counter'), { ...session, authorization: `Bearer ${TOKENS[1]}` })
    await post(url, call('counter'), { ...session, authorization: `Bearer ${TOKENS[2]}` })
    await post(url, initialize(), { ...a, 'x-api-key': CONTEXT.slice(0, 7) })
    await post(url, { ...initialize(), id: { [DATA]: DATA } }, session)
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...session }
    await fetch(url, { method: 'POST', headers, body: `{"${DATA}` })
  }
  await misuse()
  await fetch(url, { method: 'DELETE', headers: ended })
  await it.kill()
  stored.push(await files())
  await it.start()
  await misuse()
  t.equal(await it.server.stop(), 0)
  stored.push(await files())
  const other = generateKey('other')
  await it.start({ HOLDFAST_KEYS: other })
  await misuse()
  await it.restart()
  await misuse()
  t.equal(await it.server.stop(), 0)
  stored.push(await files())

  const material = [it.keys, other].flatMap(entry => {
    const base64 = entry.slice(entry.indexOf(':') + 1)
    const bytes = Buffer.from(base64, 'base64')
    return [base64, bytes.toString('base64url'), bytes.toString('hex'), String([...bytes])]
  })
  const ids = [session, ended].map(headers => headers['mcp-session-id'] as string)
  const canaries = [...material, ...TOKENS, ...ids, CONTEXT, CONTEXT.slice(0, 7), DATA]
  t.match(it.said(), 'sealed with a key that is not here', 'something was said')
  t.ok(stored.every(text => text.includes('{"record":')))
  for (const place of [it.said(), ...stored]) {
    const shown = canaries.filter(canary =>
      [canary, Buffer.from(canary).toString('base64url').slice(0, -2)].some(form => place.includes(form)))
    t.strictSame(shown.map(canary => canaries.indexOf(canary)), [])
  }
})
