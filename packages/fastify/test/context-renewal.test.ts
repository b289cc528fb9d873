import { Readable } from 'node:stream'
import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import Type from 'typebox'
import type { HoldfastOptions } from '../dist/index.js'
import { Log } from './fixtures/log.js'
import { RawClient } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { type Tools, echo, serving } from './fixtures/tools.js'

const schema = Type.Object({ apiKey: Type.String({ minLength: 4 }) }, { additionalProperties: false })
const principal: NonNullable<HoldfastOptions['principal']> = ({ headers }) => ({ subject: String(headers['x-user']) })
const ada = { headers: { 'x-user': 'ada' } }

interface Renewing extends Started {
  made: unknown[]
  told: unknown[]
  renewals: unknown[]
  log: Log
}

/** An application whose servers say which context they were made with. */
async function renewing (
  t: Test,
  renew: (current: any) => unknown,
  { takes = false, renewEvery = '1h', ...options }: Partial<HoldfastOptions> & {
    takes?: boolean, renewEvery?: string | number
  } = {}
): Promise<Renewing> {
  const [made, told, renewals]: unknown[][] = [[], [], []]
  const log = new Log()
  const started = await start(t, {
    principal,
    context: {
      schema,
      resolve: () => ({ apiKey: 'first' }),
      renew: (_, current) => {
        renewals?.push(current)
        return renew(current) as any
      },
      renewEvery
    },
    createServer: (session, shared) => {
      const { context } = session
      made?.push(context)
      const tools: Tools = {
        ...echo,
        made: () => context,
        now: () => session.context,
        set: async ({ args }) => { await session.renewContext(args) }
      }
      const server = serving(tools)(session, shared) as any
      return takes ? { server, onContext: context => { told?.push(context) } } : server
    },
    ...options
  }, { fastify: { logger: log.logger } })
  return { ...started, made: made ?? [], told: told ?? [], renewals: renewals ?? [], log }
}

t.test('a context is renewed when its session becomes live', async t => {
  const backend = memory()
  const one = await renewing(t, () => ({ apiKey: 'second' }), { backend })
  const client = await RawClient.open(one.url, ada)
  t.strictSame(await client.call('made'), { apiKey: 'first' })
  const two = await renewing(t, () => ({ apiKey: 'second' }), { backend })
  t.strictSame(await client.at(two.url).call('made'), { apiKey: 'second' })
  t.strictSame(two.renewals, [{ apiKey: 'first' }])
  t.match(two.log.saying('holdfast: a session got another context')[0], { audit: 'session_context_renewed' })
  t.strictSame(await client.call('made'), { apiKey: 'second' }, 'a server elsewhere is made again')
  t.notMatch(two.log.text.join(), 'second')
})

t.test('a live session is renewed every now and then; its server is told, or made again', async t => {
  for (const takes of [true, false]) {
    let count = 0
    const { url, made, told } = await renewing(t, () => ({ apiKey: `key ${++count}` }), { takes, renewEvery: 1 })
    const client = await RawClient.open(url, ada)
    await new Promise(resolve => setTimeout(resolve, 5))
    const now = await client.call('now')
    t.match(now.apiKey, /^key \d$/)
    t.equal(made.length, takes ? 1 : 2)
    t.strictSame(told.length > 0, takes)
  }
})

t.test('a renewal that the schema refuses, that throws or hangs changes nothing', async t => {
  const renewals: Array<(current: any) => unknown> = [
    () => ({ apiKey: 'x' }),
    () => undefined,
    () => { throw new Error('canary') },
    async () => await new Promise(() => {})
  ]
  const resolve = (): { apiKey: string } => ({ apiKey: 'first' })
  const unchecked = { context: { resolve, renew: () => undefined as never, renewEvery: 1 } }
  for (const [n, renew] of [...renewals, () => {}].entries()) {
    const options = { renewEvery: 1, live: { startTimeout: 100 }, ...(n === renewals.length && unchecked) }
    const { url, log, app } = await renewing(t, renew, options)
    const client = await RawClient.open(url, ada)
    await new Promise(resolve => setTimeout(resolve, 5))
    t.strictSame(await client.call('now'), { apiKey: 'first' })
    const [line] = log.saying('holdfast: the context of a session could not be renewed')
    t.match(line, { audit: 'session_context_renewed', outcome: 'failure' })
    t.notMatch(JSON.stringify(line), 'canary')
    t.equal(await app.mcpSessions.count(), 1)
  }
})

t.test('a stored context that is not accepted any more ends its session, unless it can be renewed', async t => {
  for (const mends of [true, false]) {
    const backend = memory()
    const old = await start(t, { backend, principal, context: { resolve: () => ({ apiKey: 'old' }) } })
    const client = await RawClient.open(old.url, ada)
    await old.app.close()
    const renew = (): unknown => mends ? { apiKey: 'mended' } : { apiKey: 'x' }
    const { url, made, log, app } = await renewing(t, renew, { backend })
    const response = await client.at(url).start('now')
    t.equal(response.status, mends ? 200 : 404)
    t.equal(made.length, mends ? 1 : 0)
    t.equal(await app.mcpSessions.count(), mends ? 1 : 0)
    if (!mends) t.match(log.saying('holdfast: a dormant session could not')[0], { code: 'HOLDFAST_INVALID_CONTEXT' })
  }
})

t.test('a restore leaves a context that can be renewed to the first request', async t => {
  for (const renew of [undefined, () => ({ apiKey: 'mended' })]) {
    const snapshot = { bytes: [] as Uint8Array[] }
    const store = {
      read: () => Readable.from(snapshot.bytes),
      write: async (stream: Readable) => { snapshot.bytes = await stream.toArray() },
      mayRevive: true
    }
    const old = await start(t, {
      principal, snapshot: store, encryption: 'none', context: { resolve: () => ({ apiKey: 'old' }) }
    })
    const client = await RawClient.open(old.url, ada)
    await old.app.close()
    const { app, url } = await start(t, {
      principal,
      snapshot: store,
      encryption: 'none',
      context: { schema, resolve: () => ({ apiKey: 'first' }), ...(renew !== undefined && { renew }) }
    })
    t.equal(await app.mcpSessions.count(), renew === undefined ? 0 : 1)
    t.equal((await client.at(url).start('echo')).status, renew === undefined ? 404 : 200)
  }
})

t.test('a handler renews the context', async t => {
  const { url, made } = await renewing(t, current => current)
  const client = await RawClient.open(url, ada)
  await client.call('set', { apiKey: 'by hand' })
  t.strictSame(await client.call('made'), { apiKey: 'by hand' })
  t.equal(made.length, 2)
  await t.rejects(client.call('set', { apiKey: 'x' }), /does not match its schema/)
  t.strictSame(await client.call('now'), { apiKey: 'by hand' })
})

t.test('a session without a principal keeps its context', async t => {
  const { url, renewals } = await renewing(t, () => ({ apiKey: 'second' }), {
    principal: () => null, anonymous: true, renewEvery: 1, live: { max: 1 }
  })
  const client = await RawClient.open(url)
  await RawClient.open(url)
  t.strictSame(await client.call('made'), { apiKey: 'first' })
  await t.rejects(client.call('set', { apiKey: 'by hand' }), /without a principal/)
  t.strictSame(renewals, [])
})
