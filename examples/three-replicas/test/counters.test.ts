import { connected } from '@holdfast/clients/connected'
import { everyFleet } from './fixtures/fleet.js'

/** Of each client; enough that every one meets every replica. */
const CALLS = 6

everyFleet('fifty clients that count over three replicas at once end at the right totals', async (t, { url }) => {
  const clients = await Promise.all(Array.from({ length: 50 }, async () => await connected(t, url)))
  const replicas = new Set()
  await Promise.all(clients.map(async ({ call }, n) => {
    for (let calls = 0; calls < CALLS; calls++) {
      const { replica } = await call('counter', { by: n + 1 })
      replicas.add(replica)
    }
  }))
  const totals = await Promise.all(clients.map(async ({ call }) => (await call('counter', { by: 0 })).total))
  t.strictSame(totals, clients.map((_, n) => CALLS * (n + 1)))
  t.equal(replicas.size, 3)
})
