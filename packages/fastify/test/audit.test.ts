import { readFile } from 'node:fs/promises'
import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import { AUDIT_EVENTS, type HoldfastOptions, Keyring, file } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { k1, k2 } from './fixtures/keys.js'
import { Log } from './fixtures/log.js'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

const DIGEST = /^[\w-]{43}$/
const LABEL = /^[\w-]{8}$/

interface Audited extends Started {
  log: Log
  /** The lines of one event. */
  lines: (audit: string) => any[]
}

/** An app whose users are named by a header. */
async function audited (t: Test, options: Partial<HoldfastOptions> = {}): Promise<Audited> {
  const log = new Log()
  const principal: HoldfastOptions['principal'] = ({ headers: { 'x-user': user } }) =>
    user === undefined ? null : { subject: String(user) }
  const started = await start(t, { principal, anonymous: true, ...options }, { fastify: { logger: log.logger } })
  const lines = (audit: string): any[] =>
    log.text.map(line => JSON.parse(line)).filter(line => line.audit === audit)
  return { ...started, log, lines }
}

const as = (user: string): { headers: Record<string, string> } => ({ headers: { 'x-user': user } })

t.test('the life of a session: when, where, who and the outcome', async t => {
  let now = Date.now()
  const { url, app, lines } = await audited(t, {
    backend: memory({ now: () => now }), live: { max: 1 }, ttl: { idle: '1h' }
  })
  const began = Date.now()
  const mine = await RawClient.open(url, as('me'))
  const nobodys = await RawClient.open(url)
  await mine.call('echo')
  await nobodys.delete()
  now += 3_602_000
  await app.mcpSessions.sweep()
  const { replica } = app.mcpSessions.fleet
  const [created, anonymous] = lines('session_created')
  t.match(created, {
    level: 30,
    replica,
    session: LABEL,
    owner: DIGEST,
    outcome: 'success',
    client: { name: 'raw', version: '1.0.0' },
    msg: 'holdfast: a session began'
  })
  t.ok(created.time >= began && created.time <= Date.now())
  t.match(anonymous, { owner: null, session: LABEL })
  const { session, owner } = created
  t.match(lines('session_activated'), [{ level: 30, replica, session, owner, outcome: 'success' }])
  t.match(lines('session_terminated'), [{
    level: 30, replica, session: anonymous.session, owner: null, outcome: 'success', reason: 'terminated'
  }])
  t.match(lines('session_expired'), [{
    level: 30, replica, session, owner, outcome: 'success', reason: 'idle', createdAt: Number, usedAt: Number
  }])
})

t.test('limits, by who met them', async t => {
  const { url, lines } = await audited(t, { limits: { maxPerOwner: 1 }, live: { max: 2 } })
  const { headers } = await RawClient.open(url, as('me'))
  t.equal((await new RawClient(url, headers).post(initializeRequest())).status, 503)
  const [{ owner }] = lines('session_created')
  t.match(lines('max_sessions_reached'), [{ level: 40, owner, outcome: 'refused', limit: 'maxPerOwner' }])
  const evicting = await audited(t, { limits: { maxPerOwner: 1, evict: 'idle' } })
  await RawClient.open(evicting.url, as('me'))
  await RawClient.open(evicting.url, as('me'))
  t.match(evicting.lines('max_sessions_reached'), [{ level: 30, owner, outcome: 'success', limit: 'maxPerOwner' }])
  t.match(evicting.lines('session_terminated'), [{ owner, reason: 'evicted' }])
})

/** Mismatches are told later than they are answered. */
async function told (lines: (audit: string) => any[], count: number): Promise<any[]> {
  while (lines('owner_mismatch').length < count) await new Promise(resolve => setTimeout(resolve, 10))
  return lines('owner_mismatch')
}

t.test('somebody else\'s session is told from an unknown one where it is live, and only in the log', async t => {
  const { url, lines } = await audited(t)
  const mine = await RawClient.open(url, as('me'))
  const other = mine.at(url, { 'x-user': 'you' })
  const unknown = mine.at(url, { 'mcp-session-id': 'A'.repeat(43) })
  const answers = []
  for (const client of [other, unknown]) {
    for (const ask of [() => client.start('echo'), () => client.get(), () => client.delete()]) {
      const response = await ask()
      answers.push([response.status, (await response.text()).replace(/"id":1/, '"id":null')])
    }
  }
  t.equal(new Set(answers.map(String)).size, 1)
  const [{ session, owner }] = lines('session_created')
  const mismatches = await told(lines, 3)
  t.equal(mismatches.length, 3)
  for (const line of mismatches) t.match(line, { level: 40, session, owner, outcome: 'refused', by: DIGEST })
  t.not(mismatches[0].by, owner)
  await RawClient.open(url, as('you'))
  t.equal(lines('session_created')[1].owner, mismatches[0].by, 'who asked can be found again')
  await mine.at(url, { 'x-user': '' }).get()
  t.equal((await new RawClient(url, { ...mine.headers, 'x-user': '' }).get()).status, 401)
})

t.test('an id that somebody without a name uses is reported, too', async t => {
  const { url, lines } = await audited(t)
  const mine = await RawClient.open(url, as('me'))
  const { 'x-user': _, ...headers } = mine.headers
  t.equal((await new RawClient(url, headers).get()).status, 404)
  t.match(await told(lines, 1), [{ by: null }])
})

t.test('snapshots and keys', async t => {
  const path = `${await folder(t)}/sessions`
  const first = await audited(t, { keys: k1, snapshot: file(path) })
  await RawClient.open(first.url, as('me'))
  await first.app.close()
  t.match(first.lines('session_restore'), [{ level: 30, outcome: 'success', restored: 0 }])
  t.match(first.lines('session_export'), [{ level: 30, replica: /./, outcome: 'success', exported: 1, bytes: Number }])
  const second = await audited(t, { keys: new Keyring(`${k2},${k1}`), snapshot: file(path) })
  const { mcpSessions } = second.app
  t.match(second.lines('session_restore'), [{ outcome: 'success', restored: 1 }])
  await mcpSessions.rotate()
  await mcpSessions.dropKey('k1')
  t.match(second.lines('key_rotated'), [
    { level: 30, outcome: 'success', active: 'k2', resealed: 1, unreadable: 0 },
    { level: 30, outcome: 'success', dropped: 'k1' }
  ])
  const full = async (): Promise<void> => { throw new Error('disk full') }
  await t.rejects(mcpSessions.exportSessionState({ read: () => undefined, write: full }))
  t.match(second.lines('session_export').at(-1), {
    level: 50, outcome: 'failure', err: { code: 'HOLDFAST_SNAPSHOT_FAILED' }
  })
  const altered = (await readFile(path, 'utf8')).replace('"body":"', '"body":"A')
  await mcpSessions.restoreSessionState({ read: async function * () { yield altered } as any, write: async () => {} })
  const burning = async (): Promise<never> => { throw new Error('disk on fire') }
  await t.rejects(mcpSessions.restoreSessionState({ read: burning, write: async () => {} }))
  t.match(second.lines('session_restore_failed'), [
    { level: 50, outcome: 'failure', restored: 0, lines: 2, invalid: [{ line: 2, reason: String }, {}] },
    { level: 50, outcome: 'failure', err: { code: 'HOLDFAST_SNAPSHOT_FAILED' } }
  ])
})

t.test('a session that cannot come back, and one that cannot be opened', async t => {
  const backend = memory()
  let broken = false
  const { url, lines, app } = await audited(t, {
    backend,
    keys: k1,
    live: { max: 1 },
    createServer: (session, shared) => {
      if (broken) throw new Error('no database')
      return serving(echo)(session, shared)
    }
  })
  const mine = await RawClient.open(url, as('me'))
  await RawClient.open(url)
  const [{ session, owner }] = lines('session_created')
  broken = true
  t.equal((await mine.start('echo')).status, 500)
  broken = false
  t.match(lines('session_activation_failed'), [{
    level: 50, session, owner, outcome: 'failure', code: 'HOLDFAST_FACTORY_FAILED'
  }])
  const { touch } = backend.records
  backend.records.touch = async (...given) => {
    const record = await touch.apply(backend.records, given)
    return typeof record === 'object' ? { ...record, body: record.body.map(byte => byte ^ 1) } : record
  }
  t.equal((await mine.start('echo')).status, 404)
  t.match(lines('decrypt_failed'), [{
    level: 50, session, owner, outcome: 'failure', kind: 'session', err: { code: 'HOLDFAST_INVALID_STATE' }
  }])
  app.mcpSessions.emit('unreadable', { label: session, key: 'k', kind: 'event', error: new Error('altered') })
  t.match(lines('decrypt_failed')[1], { session, kind: 'event', owner: undefined })
  app.mcpSessions.emit('activationFailed', { label: session, key: 'k', owner, error: new Error('anything') })
  t.match(lines('session_activation_failed')[1], { code: 'unknown' })
})

t.test('an outage, once', async t => {
  const backend = memory()
  const { url, lines } = await audited(t, { backend })
  const mine = await RawClient.open(url, as('me'))
  const { touch } = backend.records
  backend.records.touch = async () => { throw new Error('connection refused') }
  await mine.start('echo')
  await mine.start('echo')
  backend.records.touch = touch
  await mine.call('echo')
  t.match(lines('backend_down'), [{
    level: 50,
    replica: /^[0-9a-f]{16}$/,
    outcome: 'failure',
    err: { code: undefined, message: 'connection refused' }
  }])
  t.match(lines('backend_up'), [{ level: 30, outcome: 'success' }])
})

t.test('what a client calls itself cannot forge a line, nor hide one', async t => {
  const log = new Log()
  const { url } = await start(t, {}, { fastify: { logger: log.logger } })
  const names = [
    'x\r\n{"level":60,"audit":"session_terminated","msg":"forged"}', 'x\u2028forged', 'x\u2029forged',
    'x\u0085forged', 'x\vforged\fforged', 'x\u001b[2K\u001b[1Aforged', 'x\u009b2Kforged', 'x\u202edegrof',
    'x\u200bforged', 'x\u0000forged', 'x\ud800forged', 'x\u007fforged', `${'x'.repeat(63)}😀`, 'long'.repeat(5_000)
  ]
  for (const name of names) {
    const request = initializeRequest()
    request.params.clientInfo = { name, version: name, title: name, extra: { name } }
    const response = await new RawClient(url, { accept: 'application/json, text/event-stream' }).post(request)
    t.equal(response.status, 200)
    await response.text()
  }
  const raw = log.text.join('')
  const lines = raw.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/).filter(line => line !== '')
  t.equal(lines.length, log.text.length, 'one line is one line to whoever reads them')
  t.notMatch(raw.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u, 'in raw')
  const created = lines.map(line => JSON.parse(line)).filter(({ audit }) => audit !== undefined)
  t.strictSame(created.map(({ audit }) => audit), names.map(() => 'session_created'))
  for (const { client: { name, version } } of created) {
    t.equal(name, version)
    t.ok(name.length <= 64)
    t.notMatch(name, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u, 'when it was read')
  }
  t.equal(created[0].client.name, 'x\ufffd\ufffd{"level":60,"audit":"session_terminated","msg":"forged"}'.slice(0, 64))
})

t.test('a session that the application makes by itself has no client', async t => {
  const { app, lines } = await audited(t)
  await app.mcpSessions.create()
  t.strictSame(lines('session_created').map(({ client }) => client), [{}])
})

t.test('the documentation lists every event, and names tests that exist', async t => {
  const page = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8')
  for (const [name, meaning] of Object.entries(AUDIT_EVENTS)) t.ok(page.includes(`| \`${name}\` | ${meaning} |`), name)
  const tests = [...page.matchAll(/`((?:packages|examples)\/[^`]+\.test\.ts)`/g)].map(([, path]) => path as string)
  t.ok(tests.length > 10)
  for (const path of tests) t.ok(await readFile(new URL(`../../../${path}`, import.meta.url)), path)
})
