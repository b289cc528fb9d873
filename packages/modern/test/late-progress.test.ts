import t from 'tap'
import { ADA, BOB, fleet } from './fixtures/bridge-fleet.js'
import { v1 } from './fixtures/servers.js'

t.test('progress of a call that is over is not told to the next caller', async (t) => {
  let late: (progress: number) => Promise<void> = async () => {}
  const createServer = v1({
    leave: ({ server, extra }) => {
      const progressToken = extra._meta?.progressToken as number
      late = async progress => {
        const said = { method: 'notifications/progress' as const, params: { progressToken, progress } }
        await server.server.notification(said)
        await extra.sendNotification(said)
      }
    },
    go: async ({ server, extra: { _meta: meta } }) => {
      await late(1)
      await server.server.notification({ method: 'notifications/progress' } as never)
      const progressToken = meta?.progressToken as number
      await server.server.notification({ method: 'notifications/progress', params: { progressToken, progress: 2 } })
    }
  })
  const { first } = await fleet(t, { createServer, per: 'replica' })
  await first.do('leave', { principal: ADA, progressToken: 'same' })
  const call = first.begin({ name: 'do', arguments: { what: 'go' }, principal: BOB, progressToken: 'same' })
  await call.outcome
  t.match(call.notes, [{ params: { progress: 2, progressToken: 'same' } }])
  t.equal(call.notes.length, 1)
})
