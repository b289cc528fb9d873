import { setImmediate as turn } from 'node:timers/promises'
import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import t from 'tap'
import { Deadlines, type Expiring } from '../dist/calls/deadlines.js'
import { DurableTransport } from '../dist/calls/durable-transport.js'
import { TurnThrottle } from '../dist/calls/turn-throttle.js'
import { WireIds } from '../dist/calls/wire-ids.js'
import { LogWriter } from '../dist/streams/log-writer.js'
import { fleet } from './fixtures/fleet.js'
import { Gate, eventually, turns } from '@holdfast/waiting'
import type { Made, Scene } from './fixtures/server.js'

/** More than anybody says in the few turns that a test waits. */
const ENDLESS = 10_000
const elicitation = { message: '?', requestedSchema: { type: 'object' as const, properties: {} } }

t.test('one message a turn is free', async (t) => {
  const throttle = new TurnThrottle()
  for (let n = 0; n < 2; n++) {
    t.equal(throttle.next(), undefined)
    let turned = false
    setImmediate(() => { turned = true })
    await throttle.next()
    t.ok(turned)
    await turn()
  }
})

for (const end of ['delete', 'close'] as const) {
  t.test(`a tool that asks until its client accepts holds up nobody after ${end}`, async (t) => {
    let asked = 0
    let refused: unknown
    const over = new Gate()
    const insist = async ({ server }: { server: Server }): Promise<void> => {
      let answer
      do {
        if (++asked === ENDLESS) throw new Error('endless')
        answer = await server.elicitInput(elicitation)
      } while (answer.action !== 'accept')
    }
    const f = await fleet(t, {
      scripts: {
        insist: async ({ server }: Scene) => {
          await insist(server).catch(error => { refused = error }).finally(over.open)
        }
      }
    })
    const client = await f.client().begin({ elicitation: {} })
    const call = client.do('insist')
    await eventually(() => asked === 1)
    if (end === 'delete') await client.delete()
    else await f.first.endpoint.close()
    await turns(3)
    t.ok(asked < 10, `${asked} questions`)
    await over.passed
    t.match(refused, { message: /has no client any more/ }, 'in the end it gets an error')
    t.ok(asked < 20, `${asked} questions`)
    await call
  })
}

t.test('those who ask on and on without waiting are refused, each in a later turn', async (t) => {
  const f = await fleet(t)
  const client = await f.client().begin({ elicitation: {} })
  const [{ server: { server } }] = f.made as [Made]
  await client.delete()
  let answered = 0
  const refusals: unknown[] = []
  for (let n = 0; n < 100; n++) {
    const answer = server.elicitInput(elicitation, { timeout: 1_000 })
    answer.then(() => { answered++ }, error => { refusals.push(error.message) })
  }
  await Promise.resolve()
  t.equal(refusals.length, 0)
  await turns(3)
  t.ok(refusals.length >= 84, `${refusals.length} refused`)
  await eventually(() => answered === 8)
})

t.test('a server that throws at the answer of nobody ends nothing', async (t) => {
  const f = await fleet(t)
  const client = await f.client().begin({ elicitation: {} })
  const [{ server: { server } }] = f.made as [Made]
  await client.delete()
  server.elicitInput(elicitation, { timeout: 1_000 }).catch(() => {})
  const { transport } = server
  if (transport === undefined) throw new Error('not connected')
  transport.onmessage = () => { throw new Error('my own fault') }
  await eventually(() => f.first.errors.some(error => /my own fault/.test(String(error))))
})

for (const end of ['hangs up', 'deletes'] as const) {
  t.test(`a tool that tells until it is aborted holds up nobody when its client ${end}`, async (t) => {
    let told = 0
    const begun = new Gate()
    const go = new Gate()
    const stop = new Gate()
    const stopping = new AbortController()
    const f = await fleet(t, {
      scripts: {
        tail: async ({ extra, server }) => {
          begun.open()
          await go.passed
          while (!stopping.signal.aborted) {
            if (++told === ENDLESS) throw new Error('endless')
            if (end === 'deletes') await server.server.sendLoggingMessage({ level: 'info', data: told })
            else {
              await extra.sendNotification({
                method: 'notifications/message', params: { level: 'info', data: told }
              })
            }
          }
          stop.open()
        }
      }
    })
    const client = await f.client().begin()
    const call = client.inbound(client.doing('tail'))
    const sent = client.send(call)
    await begun.passed
    if (end === 'hangs up') call.gone = true
    else await client.delete()
    go.open()
    await turns(20)
    t.ok(told > 0 && told < 100, `${told} messages`)
    stopping.abort()
    await stop.passed
    await sent
  })
}

t.test('a transport that tells nobody of what it notices works all the same', async (t) => {
  const wireIds = new WireIds(
    '0123456789abcdef', () => 1, new Deadlines<Expiring>(60_000, item => item.expire(), error => { throw error })
  )
  const transport = new DurableTransport('id', wireIds, new LogWriter(async () => 1, () => {}))
  const heard: unknown[] = []
  transport.onmessage = message => {
    heard.push(message)
    throw new Error('no')
  }
  await transport.send({ jsonrpc: '2.0', id: 1, method: 'ping' })
  await transport.close()
  await transport.send({ jsonrpc: '2.0', method: 'notifications/x' })
  t.match(heard, [{ id: 1, result: {} }])
})
