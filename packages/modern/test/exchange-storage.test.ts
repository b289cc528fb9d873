import t from 'tap'
import { stayAwake } from '@holdfast/waiting'
import { Front, events } from './fixtures/endpoint.js'
import { json } from './fixtures/requests.js'

const down = { error: { code: -32603, message: 'down' }, status: 503, retryAfter: 1 }

t.test('a call that waits for the storage is no stream yet when the storage proves down', async (t) => {
  stayAwake(t)
  const front = new Front({ streamAfter: 1 })
  front.server.script = call => {
    call.usesStorage()
    setTimeout(() => { call.end(down) }, 100)
  }
  const reply = await front.post()
  t.match(reply, { status: 503, headers: { 'retry-after': '1' } })
  t.match(json(reply), { id: 1, error: { code: -32603 } })
})

t.test('it becomes a stream a second later, and at once where it does not wait for the storage', async (t) => {
  stayAwake(t)
  for (const [waits, least] of [[true, 900], [false, 0]] as const) {
    const front = new Front({ streamAfter: 1 })
    let end = (): void => {}
    front.server.script = call => {
      if (waits) call.usesStorage()
      end = () => { call.end(down) }
    }
    const began = performance.now()
    const reply = await front.post()
    t.equal(reply.status, 200)
    t.ok(performance.now() - began >= least)
    end()
    t.match(await events(reply).rest(), [{ id: 1, error: { code: -32603 } }])
  }
})
