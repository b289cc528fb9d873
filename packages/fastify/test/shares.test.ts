import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import type { HoldfastOptions } from '../dist/index.js'
import { latch } from './fixtures/latch.js'
import { RawClient } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

type Shared = Started & { open: (user: string) => Promise<RawClient> }

/** An app whose users say who they are. */
async function shared (t: Test, options: Partial<HoldfastOptions>): Promise<Shared> {
  const principal: HoldfastOptions['principal'] = ({ headers: { 'x-user': user } }) =>
    typeof user === 'string' ? { subject: user } : null
  const started = await start(t, { principal, ...options })
  return { ...started, open: async user => await RawClient.open(started.url, { headers: { 'x-user': user } }) }
}

t.test('calls of one principal whose clients hung up leave live places to others', async t => {
  const gate = latch()
  t.teardown(() => { gate.open() })
  let running = 0
  let begun = latch()
  const createServer = serving({
    ...echo,
    wait: async () => {
      running++
      begun.open()
      await gate.opened
      return 'done'
    }
  })
  const { open } = await shared(t, { live: { max: 20 }, createServer })
  const hangUp = new AbortController()
  const greedy: Array<Promise<unknown>> = []
  for (let n = 0; n < 20; n++) {
    begun = latch()
    const opening = open('greedy').then(async client => await client.start('wait', {}, hangUp.signal))
    greedy.push(opening.catch(() => {}))
    // Those over its share are not let in at all.
    if (n < 10) await begun.opened
  }
  t.equal(running, 10)
  hangUp.abort()
  for (let n = 0; n < 10; n++) {
    const other = await open(`other${n}`)
    t.strictSame(await other.call('echo', { n }), { n })
  }
  gate.open()
  await Promise.all(greedy)
})

t.test('idle places of whoever has most go first', async t => {
  const disposed: string[] = []
  const { open } = await shared(t, {
    live: { max: 6 },
    createServer: async (session, shared) => ({
      server: await serving(echo)(session, shared) as any,
      dispose: () => { disposed.push(session.principal?.subject ?? '') }
    })
  })
  const few = await open('few')
  for (let n = 0; n < 5; n++) await open('many')
  t.strictSame(await few.call('echo', {}), {})
  for (const user of ['one', 'two']) t.strictSame(await (await open(user)).call('echo', {}), {})
  t.strictSame(disposed, ['many', 'many'], 'not the least recently used one of all')
})

t.test('large sessions of one principal, more than fit, leave room in memory for others', async t => {
  const maxBytes = 64 * 2 ** 20
  const limits = { maxPerOwner: 2_000, maxSessions: 5_000 }
  const { app, open } = await shared(t, { backend: memory({ maxBytes }), limits })
  const sessions = app.mcpSessions
  const large = { text: 'x'.repeat(180_000) }
  let refused = 0
  for (let n = 0; n < 400; n++) {
    try {
      await sessions.create({ principal: { subject: 'greedy' }, data: large })
    } catch {
      refused++
    }
  }
  t.ok(refused > 0 && refused < 400, `${refused} were refused`)
  for (let n = 0; n < 10; n++) t.strictSame(await (await open(`other${n}`)).call('echo', { n }), { n })
})
