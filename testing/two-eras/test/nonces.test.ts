import t from 'tap'
import { withTokens } from '../dist/callers.js'
import { KINDS } from '../dist/kinds.js'
import { nonceLoad } from '../dist/nonce-load.js'
import { startServer } from '../dist/start-server.js'

for (const kind of KINDS) {
  t.test(`500 calls of two principals at a time, with colliding ids, carry their own nonces: ${kind}`, async t => {
    const { callers, environment } = withTokens('ann', 'bob')
    const server = await startServer(kind, environment)
    t.teardown(async () => { await server.stop() })
    const tally = await nonceLoad({ place: () => server.url, callers, calls: 1_500, hands: 250, pause: 200 })
    t.equal(tally.calls, 1_500)
    t.ok(tally.asked > 0 && tally.said > 0, `${tally.asked} were asked, ${tally.said} times something was said`)
    t.equal(server.log(), '')
  })
}
