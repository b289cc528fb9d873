import t from 'tap'
import { type SessionSummary, keyLabel } from '@holdfast/core'
import { RedisServer } from '@holdfast/real-redis'
import { ADA, corner, crowd, furnished } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'

const { url, stop } = await RedisServer.start().then(server => ({
  url: server.url, stop: async () => await server.stop()
}))
t.teardown(stop)
t.jobs = 4

const parsed = (out: string) => out.split('\n').filter(Boolean).map(line => JSON.parse(line))

t.test('sessions are listed and shown, and nothing secret is printed', { buffered: true }, async (t) => {
  const { ids, env } = await furnished(t, url)
  const listed = await holdfast(['sessions', 'list', '--json'], env)
  t.equal(listed.code, 0)
  const all = parsed(listed.out)
  t.equal(all.length, 4)
  const [first] = all.filter(({ principal }) => principal.subject === 'ada')
  t.match(first, { principal: ADA, client: { version: '1' }, version: 1, readable: true, label: keyLabel(first.key) })
  const text = await holdfast(['sessions', 'list'], env)
  t.match(text, { code: 0, out: /^SESSION +USED +EXPIRES +CLIENT +OWNER\n/, err: '' })
  t.equal(text.out.split('\n').length, 6, 'a line each')
  t.match(text.out, / ada https:\/\/id\.example\n/)

  const shown = await holdfast(['sessions', 'show', '--', first.label], env)
  t.match(shown, { code: 0, out: /ada https:\/\/id\.example/ })
  t.equal((await holdfast(['sessions', 'show', '--json', '--', first.key], env)).out, `${JSON.stringify(first)}\n`)
  for (const secret of ['SECRET', '\r', '\u001b', '\u2028', '\u202e', ...ids, env.HOLDFAST_KEYS.slice(3)]) {
    t.notOk((listed.out + text.out + shown.out).includes(secret), encodeURIComponent(secret))
  }
  t.match(await holdfast(['sessions', 'show', 'nonesuch'], env), {
    code: 1, out: '', err: /no session with this label/
  })
  t.match(await holdfast(['sessions', 'show', `${'x'.repeat(12)}.${'x'.repeat(43)}`], env), {
    code: 1, err: /no session with this label/
  })
})

t.test('a list is filtered', { buffered: true }, async (t) => {
  const { sessions, env } = await furnished(t, url)
  await sessions.create()
  await sessions.create({ client: { name: 'inspector', version: '2' } })
  const list = async (...args: string[]) => await holdfast(['sessions', 'list', '--json', ...args], env)
  t.strictSame(parsed((await list('--subject', 'bob')).out).map(({ principal }) => principal), [{ subject: 'bob' }])
  t.equal((await list('--subject', 'ada')).out, '', 'all parts of a principal count')
  const [{ owner }] = parsed((await list('--subject', 'ada', '--issuer', 'https://id.example', '--limit', '1')).out)
  t.equal(parsed((await list('--owner', owner)).out).length, 3)
  t.equal((await list('--subject', 'ada', '--tenant', 't')).out, '')
  t.match(await list('--subject', 'ada', '--client-id', 'c'), { code: 2, out: '', err: /--per-client/ })
  const apart = { subject: 'cy', clientId: 'c', perClient: true }
  await sessions.create({ principal: apart })
  await sessions.create({ principal: { ...apart, clientId: 'd' } })
  t.strictSame(
    parsed((await list('--subject', 'cy', '--per-client', '--client-id', 'c')).out).map(({ principal }) => principal),
    [apart]
  )
  t.match(
    (await holdfast(['sessions', 'list', '--subject', 'cy', '--per-client', '--client-id', 'd'], env)).out, / cy d\n/
  )
  await sessions.terminateAll({ principal: apart })
  await sessions.terminateAll({ principal: { ...apart, clientId: 'd' } })
  t.equal(parsed((await list('--client', 'inspector')).out).length, 1)
  t.equal((await list('--idle', '1h')).out, '')
  const some = await list('--limit', '3')
  t.equal(parsed(some.out).length, 3)
  t.match(some.err, /There are more/)
  t.match((await list('--limit', '6')).err, /^$/)
  t.match((await holdfast(['sessions', 'list'], env)).out, /\(nobody\)/)
})

t.test('a session is ended by its label or its key, once that is confirmed', { buffered: true }, async (t) => {
  const { sessions, env } = await furnished(t, url)
  const [one, two] = (await sessions.list()).sessions as [SessionSummary, SessionSummary]
  const terminate = ['sessions', 'terminate']
  t.match(await holdfast([...terminate, '--', one.label], env), {
    code: 2, out: '', err: /use --yes.*Nothing was changed/
  })
  t.match(await holdfast([...terminate, '--', one.label], env, { typed: 'n\n' }), {
    code: 1, out: '', err: /End session .* of (ada|bob).*\[y\/N\] [^]*Nothing was changed/
  })
  t.match(await holdfast([...terminate, '--', one.label], env, { typed: '\u0003' }), {
    code: 1, out: '', err: /Nothing was changed/
  })
  t.equal(await sessions.count(), 4)
  t.match(await holdfast([...terminate, '--', one.label], env, { typed: 'yes\n' }), { code: 0, out: 'terminated 1\n' })
  t.match(await holdfast([...terminate, '--yes', '--json', '--', two.key], env), { code: 0, out: '{"terminated":1}\n' })
  t.equal(await sessions.count(), 2)
})

t.test('a session that ends while it is asked about is not ended twice', { buffered: true }, async (t) => {
  const { sessions, env } = await furnished(t, url)
  const [one] = (await sessions.list()).sessions as [SessionSummary]
  const typed = async () => {
    await sessions.terminate(one)
    return 'y\n'
  }
  t.match(await holdfast(['sessions', 'terminate', one.key], env, { typed }), {
    code: 0, out: 'terminated 0: the session had already ended\n'
  })
  t.equal(await sessions.count(), 3)
})

t.test('all sessions of a principal are ended', { buffered: true }, async (t) => {
  const { sessions, env } = await furnished(t, url)
  const revoke = ['sessions', 'revoke', '--subject', 'ada']
  t.match(
    await holdfast([...revoke, '--yes'], env), { code: 0, out: 'terminated 0\n' }, 'all parts of a principal count'
  )
  t.match(await holdfast([...revoke, '--issuer', 'https://id.example'], env), {
    code: 2, err: /\(3\)\? There is no terminal.*--yes/
  })
  t.match(await holdfast([...revoke, '--issuer', 'https://id.example', '--json'], env, { typed: 'y\n' }), {
    code: 0, out: '{"terminated":3}\n'
  })
  t.equal(await sessions.count(), 1)
})

t.test('a label that two sessions have names neither', { buffered: true }, async (t) => {
  const { sessions, env } = corner(t, url)
  const twin = (last: string) => ({
    key: `AAAAAAAAAAAA.${'A'.repeat(42)}${last}`, owner: '', idle: 60_000, absolute: 60_000, body: new Uint8Array([1])
  })
  await sessions.create()
  const { records } = sessions.vault.backend
  for (const last of ['A', 'B']) await records.create(twin(last), { maxRecords: 9, maxPerOwner: 9 })
  t.match(await holdfast(['sessions', 'show', 'AAAAAAAA'], env), { code: 1, err: /Several sessions have this label/ })
  t.match(await holdfast(['sessions', 'show', twin('B').key], env), { code: 0, out: /\(not readable\)/ })
})

t.test('with keys that open nothing, nothing is changed', { buffered: true }, async (t) => {
  const { sessions, env } = await furnished(t, url)
  const { env: wrong } = corner(t, url)
  for (const args of [['sessions', 'list'], ['sessions', 'revoke', '--subject', 'bob', '--yes'], ['keys', 'rotate']]) {
    const misled = { ...env, HOLDFAST_KEYS: wrong.HOLDFAST_KEYS }
    t.match(await holdfast(args, misled), { code: 1, out: '', err: /open none of the 4 sessions/ }, args.join(' '))
    t.match(await holdfast([...args, '--namespace', 'other'], env), { code: 1, out: '', err: /--namespace/ })
  }
  t.equal(await sessions.count(), 4)
})

t.test('a command that is interrupted stops', { buffered: true }, async (t) => {
  const { sessions, env } = corner(t, url)
  await crowd(sessions, 600)
  const interrupt = () => true
  t.match(await holdfast(['sessions', 'list'], env, { interrupt }), { code: 1, err: /The command was interrupted/ })
  t.match(await holdfast(['sessions', 'show', 'nonesuch'], env), { code: 1, err: /no session/ })
})
