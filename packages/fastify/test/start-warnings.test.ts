import Fastify, { type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import holdfast, { type HoldfastOptions } from '../dist/index.js'
import { Log } from './fixtures/log.js'
import { serving } from './fixtures/tools.js'

async function warnings (
  t: Test, options: Partial<HoldfastOptions>, fastify: FastifyServerOptions = {}, address?: string
): Promise<string[]> {
  const log = new Log()
  const app = Fastify({ logger: log.logger, return503OnClosing: false, requestTimeout: 60_000, ...fastify })
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer: serving(), ...options })
  // Nothing of a test is to be reached from elsewhere.
  if (address !== undefined) app.addresses = () => [{ address, family: 'IPv4', port: 80 }]
  await app.listen({ host: '127.0.0.1', port: 0 })
  return log.saying('holdfast: ').filter(({ level }) => level === 40).map(({ msg }) => msg)
}

t.test('settings that go together are started without a word', async t => {
  t.strictSame(await warnings(t, { shutdown: { delay: 1 } }), [])
  t.strictSame(await warnings(t, { allowedHosts: ['example.com'] }, {}, '0.0.0.0'), [])
})

t.test('a shutdown.delay that Fastify leaves without effect is named', async t => {
  const [warning, ...rest] = await warnings(t, { shutdown: { delay: 1 } }, { return503OnClosing: true })
  t.match(warning, /shutdown\.delay.*return503OnClosing: false/)
  t.strictSame(rest, [])
  t.strictSame(await warnings(t, {}, { return503OnClosing: true }), [])
})

t.test('requests without a time limit are named', async t => {
  const [warning, ...rest] = await warnings(t, {}, { requestTimeout: 0 })
  t.match(warning, /requestTimeout/)
  t.strictSame(rest, [])
})

t.test('an app that other machines reach, and that takes any Host, is named', async t => {
  for (const address of ['0.0.0.0', '::', '192.0.2.1']) {
    const [warning, ...rest] = await warnings(t, {}, {}, address)
    t.match(warning, /allowedHosts/)
    t.strictSame(rest, [])
  }
})

t.test('it is named in a scope as well', async t => {
  const log = new Log()
  const app = Fastify({ logger: log.logger })
  t.teardown(async () => { await app.close() })
  await app.register(async scope => {
    await scope.register(holdfast, { createServer: serving(), shutdown: { delay: 1 } })
  })
  await app.ready()
  t.equal(log.saying('holdfast: shutdown.delay').length, 1)
})

t.test('an app that other machines reach, and that believes whatever is forwarded, is named', async t => {
  const [warning, ...rest] = await warnings(t, { allowedHosts: ['example.com'] }, { trustProxy: true }, '0.0.0.0')
  t.match(warning, /trustProxy/)
  t.strictSame(rest, [])
  t.strictSame(await warnings(t, { allowedHosts: ['example.com'] }, { trustProxy: '10.0.0.1' }, '0.0.0.0'), [])
  t.strictSame(await warnings(t, {}, { trustProxy: true }), [])
})

t.test('nothing is said of an option that cannot be read', async t => {
  const log = new Log()
  const app = Fastify({ logger: log.logger, requestTimeout: 60_000 })
  t.teardown(async () => { await app.close() })
  await app.register(async scope => {
    const kept = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.options')
    Object.defineProperty(scope, Symbol('fastify.options'), { value: undefined })
    t.ok(kept)
    await scope.register(holdfast, { createServer: serving(), shutdown: { delay: 1 } })
  })
  await app.ready()
  t.strictSame(log.saying('holdfast: '), [])
})
