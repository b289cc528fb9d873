import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { CuttingProxy, until } from '@holdfast/real-redis'
import t from 'tap'
import { redis } from '../dist/index.js'
import { bytes } from './fixtures/given.js'
import { single } from './fixtures/single.js'

t.test('an error thrown by a listener becomes a process warning', async (t) => {
  const { backend: { bus } } = await single(t)
  for (const [thrown, message] of [[new Error('thrown'), 'thrown'], ['no error', 'A bus listener threw']] as const) {
    const unsubscribe = await bus.subscribe('channel', () => { throw thrown })
    const warned = once(process, 'warning')
    await bus.publish('channel', bytes('hello'))
    t.match(await warned, [{ message }])
    await unsubscribe()
    await unsubscribe()
  }
})

t.test('a listener that another listener has unsubscribed gets no more messages', async (t) => {
  const { backend: { bus } } = await single(t)
  const received: string[] = []
  const last = new Promise<void>((resolve) => {
    void bus.subscribe('channel', () => {
      received.push('first')
      void second.then(async (unsubscribe) => { await unsubscribe() }).then(resolve)
    })
  })
  const second = bus.subscribe('channel', () => { received.push('second') })
  await second
  await bus.publish('channel', bytes('one'))
  await last
  await bus.publish('channel', bytes('two'))
  await bus.subscribe('other', () => {})
  t.strictSame(received, ['first', 'second', 'first'])
})

t.test('after closing, leaving a channel is harmless', async (t) => {
  const { backend } = await single(t)
  const unsubscribe = await backend.bus.subscribe('channel', () => {})
  await backend.close()
  await t.resolves(unsubscribe())
  await t.rejects(backend.bus.subscribe('channel', () => {}), { code: 'REDIS_DISCONNECTED' })
})

t.test('without subscriptions there is no connection for them; the next subscription makes a new one', async (t) => {
  const { backend: { bus }, raw } = await single(t)
  const subscribers = async (): Promise<number> =>
    String(await raw.call('client', 'list', 'type', 'pubsub')).split('\n').filter(Boolean).length
  const [one, two] = [await bus.subscribe('one', () => {}), await bus.subscribe('two', () => {})]
  t.equal(await subscribers(), 1)
  await Promise.all([one(), two()])
  await until('the connection is gone', async () => await subscribers() === 0)
  const received = new Promise<void>((resolve) => {
    void bus.subscribe('one', () => { resolve() }).then(async () => await bus.publish('one', bytes('again')))
  })
  await t.resolves(received)
})

t.test('a subscription that failed does not take effect later', async (t) => {
  const { server, raw } = await single(t)
  await raw.acl('SETUSER', 'app', 'on', '>secret', '~*', '+@all')
  const backend = redis({ connection: { port: server.port, username: 'app', password: 'secret' }, onWarning: () => {} })
  t.teardown(async () => { await backend.close() })
  const connections = async (): Promise<number> =>
    String(await raw.call('client', 'list')).split('user=app ').length - 1
  await backend.ping()
  await t.rejects(backend.bus.subscribe('channel', () => {}), { code: 'REDIS_NOPERM' })
  await until('its connection is gone', async () => await connections() === 1)
  await raw.acl('SETUSER', 'app', 'allchannels')
  const received = new Promise<void>((resolve) => {
    const subscribed = backend.bus.subscribe('other', () => { resolve() })
    void subscribed.then(async () => await backend.bus.publish('other', bytes('hello')))
  })
  await received
  t.equal(await backend.bus.publish('channel', bytes('hello')), 0)
})

t.test('a subscription that is lost while it is renewed is renewed with the next connection', async (t) => {
  const { server, raw } = await single(t)
  const proxy = await CuttingProxy.before(server.port)
  const backend = redis({ url: `redis://127.0.0.1:${proxy.port}`, onWarning: () => {} })
  t.teardown(async () => { await backend.close() })
  let received = 0
  await backend.bus.subscribe('channel', () => { received++ })
  proxy.cutAfter('subscribe')
  await raw.call('client', 'kill', 'type', 'pubsub')
  await until('the renewal was cut', async () => proxy.cuts === 1)
  const { port } = proxy
  proxy.close()
  await sleep(1000) // ioredis gives up what it would send again
  const later = await CuttingProxy.before(server.port, port)
  t.teardown(async () => { later.close() })
  await until('it is received again', async () => {
    await backend.bus.publish('channel', bytes('again')).catch(() => {})
    return received > 0
  })
})

t.test('a subscription that may not be renewed is reported', async (t) => {
  const { server, raw } = await single(t)
  await raw.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all')
  const warnings: Error[] = []
  const backend = redis({
    connection: { port: server.port, username: 'app', password: 'secret' },
    onWarning: (warning) => { warnings.push(warning) }
  })
  t.teardown(async () => { await backend.close() })
  await backend.bus.subscribe('channel', () => {})
  await raw.acl('SETUSER', 'app', 'resetchannels')
  await raw.call('client', 'kill', 'type', 'pubsub')
  await until('it is reported', async () => warnings.length > 0)
  t.match(warnings, [{ name: 'RedisError', code: 'REDIS_NOPERM' }])
})
