import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { closing } from '../dist/closing.js'
import { latch } from './fixtures/latch.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

const never = new Promise<never>(() => {})

interface Times {
  flush: number
  release: number
  steps: string[]
  errors: unknown[]
}

/** A drain that resolves at once, and a watch that stops. */
const IDLE = { drain: Promise.resolve() as Promise<void>, stop: (): unknown => undefined }

/** Closes an app with parts that note the time which they are given. */
async function times (t: Test, drainTimeout: number, parts: Partial<typeof IDLE> = {}): Promise<Times> {
  const { drain, stop } = { ...IDLE, ...parts }
  const backend = memory()
  t.teardown(async () => { await backend.close() })
  const sessions = new Sessions({ backend })
  const seen: Times = { flush: NaN, release: NaN, steps: [], errors: [] }
  sessions.on('error', ({ error }) => { seen.errors.push(error) })
  const step = (name: string) => () => { seen.steps.push(name) }
  const app = Fastify()
  closing(app, { shutdown: { timeout: drainTimeout }, backend }, {
    sessions,
    endHook: undefined,
    endpoint: {
      drain: async () => { await drain },
      close: async time => { seen.release = time as number; seen.steps.push('release') }
    },
    connections: {
      drain: () => {},
      flushed: async time => { seen.flush = time; seen.steps.push('flush') },
      close: step('connections')
    },
    transfers: { end: step('transfers') },
    snapshots: { begin: step('export'), close: async () => { seen.steps.push('exported') } },
    watches: [{ stop }]
  })
  await app.ready()
  await app.close()
  return seen
}

t.test('a drain that overruns leaves its time for the other steps to fit into a second', async t => {
  const { flush, release, steps } = await times(t, 50, { drain: never })
  t.ok(flush <= 800 - 250 - 200 + 1, `${flush} ms to flush`)
  // On a machine that is too busy to keep any time, servers still get their least.
  t.ok(release === 200 || 250 + release <= 801, `${release} ms to let go`)
  t.strictSame(steps, ['transfers', 'flush', 'export', 'connections', 'release', 'exported'])
})

t.test('what the drain leaves of its time is for servers to let go', async t => {
  const { flush, release } = await times(t, 60_000)
  t.equal(flush, 500)
  t.ok(release > 200 && release <= 60_800, `${release} ms to let go`)
})

t.test('a step that fails is told, and the next one is taken', async t => {
  const drain = Promise.reject(new Error('drain'))
  drain.catch(() => {})
  const { steps, errors } = await times(t, 50, { drain, stop: () => { throw new Error('stop') } })
  t.equal(steps.at(-1), 'exported')
  t.match(errors, [{ message: 'drain' }, { message: 'stop' }])
})

t.test('a watch that never stops holds up nothing', async t => {
  const { steps } = await times(t, 1, { stop: async () => { await never } })
  t.equal(steps.at(-1), 'exported')
})

t.test('a server may take seconds to let go; its last changes are exported', async t => {
  const [begun, gate] = [latch(), latch()]
  const exported: string[] = []
  const write = async (stream: AsyncIterable<unknown>): Promise<void> => {
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    exported.push(text)
    begun.open()
  }
  const { url, app } = await start(t, {
    shutdown: { timeout: '5m' },
    encryption: 'none',
    snapshot: { read: () => undefined, write, mayRevive: true },
    createServer: async (session, shared) => ({
      server: await serving(echo)(session, shared) as any,
      dispose: async () => {
        await gate.opened
        await session.update(data => { data.browser = 'closed' })
      }
    })
  })
  await RawClient.open(url)
  let closed = false
  const closing = app.close().then(() => { closed = true })
  await begun.opened
  t.notOk(closed, 'the first export does not wait for it')
  // More than the least that servers get.
  await new Promise(resolve => setTimeout(resolve, 600))
  t.notOk(closed)
  gate.open()
  await closing
  t.equal(exported.length, 2)
})
