import t from 'tap'
import { fleet, retryOf } from './fixtures/bridge-fleet.js'
import { accepted, ask, v1 } from './fixtures/servers.js'

t.test('an answer that has arrived is not sent again while its handler works', async (t) => {
  const createServer = v1({
    stuck: async scene => {
      await ask(scene, 'Who?', 'who')
      await new Promise(() => {})
    }
  })
  const { first, second } = await fleet(t, { createServer, replicas: 2, heartbeat: 20 })
  const asked = await first.do('stuck')
  const { fleet: replicas } = second.sessions
  const tell = replicas.tellReplica.bind(replicas)
  const told: string[][] = []
  const enough = new Promise<void>(resolve => {
    replicas.tellReplica = async (replica, type, key, details) => {
      if (type === 'call-answer') told.push(Object.keys((details as { answers: object }).answers))
      // The first message is lost.
      const heard = told.length === 1 || await tell(replica, type, key, details)
      if (told.length === 6) resolve()
      return heard
    }
  })
  const retry = second.begin({
    name: 'do', arguments: { what: 'stuck' }, ...retryOf(asked, { who: accepted('x'.repeat(100_000)), other: {} })
  })
  await enough
  t.same(told[0], ['who', 'other'])
  t.same(told[1], ['who'], 'what is still open is sent again')
  t.same(told.slice(3), [[], [], []])
  retry.leave()
})
