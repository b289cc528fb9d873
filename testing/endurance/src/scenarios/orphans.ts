import assert from 'node:assert/strict'
import { open, post } from '@holdfast/clients/by-hand'
import { events, nextMessage } from '@holdfast/clients/events'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { Lateness } from '../lateness.js'
import type { Scenario } from '../scenario.js'

/** Milliseconds, as the fleet has it. */
const HEARTBEAT = 1_000
/** Milliseconds for what is told over the bus. */
const TOLD = 1_000

export const orphans: Scenario = {
  promise: 'streams that nobody serves any more end soon: after a kill with an error, after a deletion everywhere',
  figures: '20 kills, told within two heartbeats, and 20 deletions, within a second',
  deadline: 10,
  run: async trial => {
    const times = trial.volume(20)
    const fleet = await Fleet.start()
    trial.defer(async () => { await fleet.stop() })
    const [orphaned, deleted] = [0, 0].map(() => [] as number[]) as [number[], number[]]
    for (let n = 1; n <= times; n++) {
      const [a, b, c] = fleet.replicas.map(({ url }) => url) as [URL, URL, URL]
      const { headers, stream } = await running(a)
      const { id } = await nextMessage(stream)
      await fleet.kill(0)
      orphaned.push(await timed(async () => {
        const resumed = events(await fetch(b, { headers: { ...headers, 'last-event-id': id as string } }))
        let message
        do ({ message } = await nextMessage(resumed)); while (message.method === 'notifications/progress')
        assert.equal(typeof message.error?.code, 'number')
        assert.equal((await resumed.next()).done, true)
      }))
      const other = await running(c)
      deleted.push(await timed(async () => {
        assert.equal((await fetch(b, { method: 'DELETE', headers: other.headers })).status, 200)
        while ((await other.stream.next()).done !== true);
      }))
      await stream.return(undefined).catch(() => {})
      await fleet.replace(0)
      trial.progress(n, times, `${n} kills`)
    }
    const most = [Math.max(...orphaned), Math.max(...deleted)] as const
    const said = `${times} kills: told after ${most[0].toFixed(0)} ms at most; deletions: ${most[1].toFixed(0)} ms`
    assert.ok(most[0] <= 2 * HEARTBEAT && most[1] <= TOLD, said)
    return said
  }
}

/** A session with a call that goes on for a minute and reports its progress. */
async function running (url: URL): Promise<{ headers: Record<string, string>, stream: ReturnType<typeof events> }> {
  const session = { ...await open(url), 'mcp-protocol-version': '2025-11-25' }
  const params = { name: 'countdown', arguments: { steps: 600, intervalMs: 100 }, _meta: { progressToken: 1 } }
  const message = { jsonrpc: '2.0', id: 'orphan', method: 'tools/call', params }
  const stream = events(await post(url, message, session))
  return { headers: { ...session, accept: 'text/event-stream' }, stream }
}

/** Milliseconds that work took, without those that this process was late. */
async function timed (work: () => Promise<void>): Promise<number> {
  const lateness = new Lateness()
  const began = performance.now()
  await work()
  lateness.stop()
  return performance.now() - began - lateness.late
}
