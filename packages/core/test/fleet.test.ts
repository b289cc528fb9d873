import t from 'tap'
import { BoundCodec, Fleet, type FleetMessage, plain } from '../dist/index.js'
import { Reference } from './fixtures/reference.js'

const ANSWER = { reader: 'r', binding: 'b', position: 1, answers: { key: { action: 'accept' } } }
const TAKEOVER = { stream: 'standalone', number: 1 }
const GONE = { keys: ['tag.key'], reason: 'expired' } as const

function fleet (bus: Reference, replica: string, namespace = 'mcp') {
  const reported: unknown[] = []
  const heard: FleetMessage[] = []
  const member = new Fleet(bus.bus, new BoundCodec(plain, namespace), namespace, replica, error => reported.push(error))
  return { member, heard, reported, listen: async () => await member.listen(message => { heard.push(message) }) }
}

t.test('everyone hears what is told to all, except who tells it', async (t) => {
  const bus = new Reference()
  const [a, b, c] = [fleet(bus, 'a'), fleet(bus, 'b'), fleet(bus, 'c')]
  await Promise.all([a.listen(), b.listen(), c.listen()])
  await a.member.tell('gone', '', GONE)
  await new Promise(setImmediate)
  const message = { ...GONE, type: 'gone', key: '', from: 'a' }
  t.strictSame([a.heard, b.heard, c.heard], [[], [message], [message]])
})

t.test('with an echo, who tells hears it too, and all hear everything in one order', async (t) => {
  const bus = new Reference()
  const [a, b] = [fleet(bus, 'a'), fleet(bus, 'b')]
  await Promise.all([a.listen(), b.listen()])
  await Promise.all([
    a.member.tell('takeover', 'tag.key', TAKEOVER, { echo: true }),
    b.member.tell('takeover', 'tag.key', TAKEOVER, { echo: true })
  ])
  await new Promise(setImmediate)
  t.strictSame(a.heard.map(({ from }) => from), b.heard.map(({ from }) => from))
  t.strictSame(a.heard.map(({ from }) => from).sort(), ['a', 'b'])
})

t.test('one replica can be told something, and it is known whether it is there', async (t) => {
  const bus = new Reference()
  const [a, b, c] = [fleet(bus, 'a'), fleet(bus, 'b'), fleet(bus, 'c')]
  await Promise.all([a.listen(), b.listen(), c.listen()])
  t.equal(await a.member.tellReplica('b', 'answer', 'tag.key', { message: { id: 1 } }), true)
  t.equal(await a.member.tellReplica('nobody', 'answer', 'tag.key', { message: {} }), false)
  await new Promise(setImmediate)
  t.strictSame([a.heard, b.heard, c.heard], [
    [],
    [{ message: { id: 1 }, type: 'answer', key: 'tag.key', from: 'a' }],
    []
  ])
})

t.test('details cannot pass for what a message is about', async (t) => {
  const bus = new Reference()
  const [a, b] = [fleet(bus, 'a'), fleet(bus, 'b')]
  await b.listen()
  await a.member.tell('wake', 'tag.key', { stream: 'standalone', type: 'gone', key: 'tag.other', from: 'b' } as any)
  await new Promise(setImmediate)
  t.strictSame(b.heard, [{ stream: 'standalone', type: 'wake', key: 'tag.key', from: 'a' }])
})

t.test('a namespace hears nothing of another', async (t) => {
  const bus = new Reference()
  const [a, b] = [fleet(bus, 'a', 'one'), fleet(bus, 'b', 'two')]
  await b.listen()
  await a.member.tell('gone', 'tag.key', GONE)
  t.equal(await a.member.tellReplica('b', 'gone', 'tag.key', GONE), false)
  await new Promise(setImmediate)
  t.strictSame(b.heard, [])
})

t.test('who stopped listening hears nothing', async (t) => {
  const bus = new Reference()
  const [a, b] = [fleet(bus, 'a'), fleet(bus, 'b')]
  const stop = await b.listen()
  await stop()
  await a.member.tell('gone', 'tag.key', GONE)
  t.equal(await a.member.tellReplica('b', 'gone', 'tag.key', GONE), false)
  t.strictSame(b.heard, [])
  t.strictSame(bus.listeners, [])
})

t.test('a hostile message is reported without its content and stops nothing', async (t) => {
  const bus = new Reference()
  const [a, b] = [fleet(bus, 'a'), fleet(bus, 'b')]
  await b.listen()
  const hostile = [
    'hush', '{"hush":', 'null', '[]', '"hush"', '{}',
    '{"type":"gone","key":1,"from":"a"}',
    '{"type":"gone","key":"hush"}',
    '{"__proto__":{"type":"gone","key":"hush","from":"a"}}',
    '{"type":{},"key":"hush","from":"a"}',
    ...[
      { type: 'gone', keys: 'hush', reason: 'expired' },
      { type: 'gone', keys: [1], reason: 'expired' },
      { type: 'gone', keys: ['hush'], reason: 'hush' },
      { type: 'wake' },
      { type: 'wake', stream: 1 },
      { type: 'takeover', stream: 'hush' },
      { type: 'takeover', stream: 'hush', number: '1' },
      { type: 'takeover', number: 1 },
      { type: 'answer', message: 'hush' },
      { type: 'notification' },
      { type: 'roll-call', call: ['hush'] },
      { type: 'present', report: 'hush' },
      { type: 'present', call: 'hush' },
      { type: 'call-answer', reader: 'hush', binding: 'b', position: 1 },
      { type: 'call-answer', reader: 'hush', binding: 'b', position: -1, answers: {} },
      { type: 'call-answer', reader: 'hush', position: 1, answers: {} },
      { type: 'call-answer', binding: 'hush', position: 1, answers: {} },
      { type: 'call-leave', reader: 7 },
      { type: 'call-said', after: 'hush', entries: [] },
      { type: 'call-said', after: 1, entries: 'hush' },
      { type: 'call-said', after: 1, entries: [null] }
    ].map(message => JSON.stringify({ key: 'hush', from: 'a', ...message }))
  ]
  for (const text of hostile) await bus.bus.publish('mcp:fleet', Buffer.from(text))
  await a.member.tell('gone', 'tag.key', GONE)
  await new Promise(setImmediate)
  t.equal(b.reported.length, hostile.length)
  for (const error of b.reported) {
    t.match(error, { code: 'HOLDFAST_INVALID_STATE' })
    t.notMatch((error as Error).stack, /hush/)
  }
  t.strictSame(b.heard, [{ ...GONE, type: 'gone', key: 'tag.key', from: 'a' }])
})

t.test('a message that was sealed elsewhere is reported', async (t) => {
  const bus = new Reference()
  const refused = new Error('cannot be opened')
  const reported: unknown[] = []
  const codec = new BoundCodec({ ...plain, open: () => { throw refused } }, 'mcp')
  const member = new Fleet(bus.bus, codec, 'mcp', 'b', error => reported.push(error))
  await member.listen(() => { t.fail('heard it') })
  await bus.bus.publish('mcp:fleet', Buffer.from('{}'))
  await new Promise(setImmediate)
  t.strictSame(reported, [refused])
})

t.test('a listener that throws or rejects is reported', async (t) => {
  const bus = new Reference()
  const [a, b] = [fleet(bus, 'a'), fleet(bus, 'b')]
  const failures = [new Error('thrown'), new Error('rejected')]
  await b.member.listen(() => { throw failures[0] })
  await b.member.listen(async () => { throw failures[1] })
  await a.member.tell('gone', 'tag.key', GONE)
  await new Promise(setImmediate)
  t.strictSame(b.reported, failures)
})

t.test('a hint that cannot be sent to all is reported, not thrown; to one, the caller must know', async (t) => {
  const bus = new Reference()
  const lost = new Error('connection lost')
  bus.bus.publish = async () => { throw lost }
  const a = fleet(bus, 'a')
  await a.member.tell('gone', 'tag.key', GONE)
  t.strictSame(a.reported, [lost])
  await t.rejects(a.member.tellReplica('b', 'gone', 'tag.key', GONE), lost)
})

t.test('listening that fails half way leaves no ear behind', async (t) => {
  const bus = new Reference()
  const lost = new Error('connection lost')
  const { subscribe } = bus.bus
  bus.bus.subscribe = async (channel, listener) => {
    if (bus.listeners.length > 0) throw lost
    return await subscribe(channel, listener)
  }
  const a = fleet(bus, 'a')
  await t.rejects(a.listen(), lost)
  t.strictSame(bus.listeners, [])
  bus.bus.subscribe = subscribe
  await a.listen()
  t.equal(bus.listeners.length, 2)
})

t.test('every type arrives as it was said; one that this version does not know is passed over', async (t) => {
  const bus = new Reference()
  const [a, b] = [fleet(bus, 'a'), fleet(bus, 'b')]
  await b.listen()
  for (const type of ['newer', 'toString', '__proto__']) {
    await bus.bus.publish('mcp:fleet', Buffer.from(JSON.stringify({ type, key: '', from: 'c' })))
  }
  const message = { jsonrpc: '2.0' }
  await a.member.tell('gone', '', GONE)
  await a.member.tell('wake', 'tag.key', { stream: 's' })
  await a.member.tell('wake', 'tag.key', { stream: 's', ask: true })
  await a.member.tell('listening', 'tag.key', {})
  await a.member.tell('takeover', 'tag.key', TAKEOVER)
  await a.member.tell('answer', 'tag.key', { message })
  await a.member.tell('notification', 'tag.key', { message })
  await a.member.tell('roll-call', '', { call: 'c' })
  await a.member.tell('present', '', { call: 'c', report: null })
  await a.member.tell('call-answer', 'tag.key', ANSWER)
  await a.member.tell('call-leave', 'tag.key', { reader: 'r' })
  await a.member.tell('call-said', 'tag.key', { after: 0, entries: [{ answered: 'k' }] })
  await a.member.tell('call-unknown', 'tag.key', {})
  await new Promise(setImmediate)
  t.strictSame(b.heard.map(({ type, key, from, ...details }) => [type, details]), [
    ['gone', GONE],
    ['wake', { stream: 's' }],
    ['wake', { stream: 's', ask: true }],
    ['listening', {}],
    ['takeover', TAKEOVER],
    ['answer', { message }],
    ['notification', { message }],
    ['roll-call', { call: 'c' }],
    ['present', { call: 'c', report: null }],
    ['call-answer', ANSWER],
    ['call-leave', { reader: 'r' }],
    ['call-said', { after: 0, entries: [{ answered: 'k' }] }],
    ['call-unknown', {}]
  ])
  t.strictSame(b.reported, [])
})
