import t, { type Test } from 'tap'
import { type ClientCount, type ReplicaReport, RollCall, Sessions, eraReport } from '../dist/index.js'
import { Reference } from './fixtures/reference.js'

const client = (name: string, era: ClientCount['era'], requests: number, refused = 0, version = 'v'): ClientCount =>
  ({ name, era, version, requests, refused })

const REPORT: ReplicaReport = { live: 1, streams: 2, draining: false, versions: { holdfast: '1', node: '20' } }

/** A process of the fleet; one without a report only asks. */
async function joined (t: Test, backend: Reference, counts?: ReplicaReport['counts'], report: any = REPORT) {
  const sessions = new Sessions({ backend })
  const self = report === null
    ? undefined
    : (asked: { counts?: boolean }): ReplicaReport => ({
        ...report, ...(asked.counts === true && counts !== undefined && { counts })
      })
  const rollCall = new RollCall(sessions, self)
  const stop = await sessions.fleet.listen(async message => {
    if (message.type === 'roll-call') await rollCall.answer(message.from, message.call, message)
    if (message.type === 'present') rollCall.receive(message.from, message.call, message.report)
  })
  t.teardown(stop)
  const { replica } = sessions.fleet
  if (report !== null) await backend.presence.announce(replica, 60_000)
  return { rollCall, replica }
}

t.test('every replica reports, and who only asks does not', async (t) => {
  const backend = new Reference()
  const counts = { since: 5, clients: [client('a', 'modern', 2)] }
  const [one, two] = [await joined(t, backend, counts), await joined(t, backend)]
  const asking = await joined(t, backend, undefined, null)
  await backend.presence.announce('silent', 60_000)
  const { replicas, silent } = await asking.rollCall.call()
  t.strictSame([...replicas.keys()].sort(), [one.replica, two.replica].sort())
  t.strictSame(replicas.get(one.replica), REPORT, 'counts only where they are asked for')
  t.strictSame(silent, ['silent'])
  const counted = await asking.rollCall.call({ counts: true })
  t.strictSame(counted.replicas.get(one.replica), { ...REPORT, counts })
  t.strictSame(counted.replicas.get(two.replica), REPORT)
  const [first] = (await two.rollCall.call()).replicas.keys()
  t.equal(first, two.replica, 'its own comes first')
  await asking.rollCall.answer(one.replica, 'call')
})

t.test('a report that cannot be read is as good as none', async (t) => {
  const bad = [
    { live: '1' }, { versions: {} }, { counts: 7 }, { counts: { since: 'x', clients: [] } },
    { counts: { since: 1, clients: [{ ...client('a', 'modern', 1), name: 7 }] } },
    { counts: { since: 1, clients: [{ ...client('a', 'modern', 1), era: 'x' }] } },
    { counts: { since: 1, clients: [{ ...client('a', 'modern', 1), version: 1 }] } },
    { counts: { since: 1, clients: [client('a', 'modern', -1)] } },
    { counts: { since: 1, clients: [client('a', 'modern', 1, 0.5)] } }
  ]
  for (const part of bad) {
    const backend = new Reference()
    const asking = await joined(t, backend, undefined, null)
    const { replica } = await joined(t, backend, undefined, { ...REPORT, ...part })
    t.strictSame((await asking.rollCall.call()).silent, [replica], JSON.stringify(part))
  }
})

t.test('a call ends when the last replica has answered', async (t) => {
  const backend = new Reference()
  const others = [await joined(t, backend), await joined(t, backend)]
  const asking = await joined(t, backend, undefined, null)
  const { replicas, silent } = await asking.rollCall.call()
  t.strictSame([...replicas.keys()].sort(), others.map(({ replica }) => replica).sort())
  t.strictSame(silent, [])
})

t.test('a fleet of one waits for nobody', async (t) => {
  const { rollCall, replica } = await joined(t, new Reference())
  t.strictSame(await rollCall.call(), { replicas: new Map([[replica, REPORT]]), silent: [] })
})

t.test('the counts of all replicas add up', async (t) => {
  const one = {
    since: 20, clients: [client('a', 'modern', 1, 1), client('b', 'sessions', 1), client('c', 'modern', 9)]
  }
  const two = {
    since: 10, clients: [client('a', 'modern', 3), client('a', 'modern', 4, 0, 'w'), client('d', 'sessions', 1)]
  }
  const report = eraReport({
    replicas: new Map([['1', { ...REPORT, counts: one }], ['2', { ...REPORT, counts: two }], ['3', REPORT]]),
    silent: ['4']
  })
  t.strictSame(report, {
    since: 10,
    clients: [
      client('b', 'sessions', 1), client('d', 'sessions', 1), client('c', 'modern', 9), client('a', 'modern', 4, 1),
      client('a', 'modern', 4, 0, 'w')
    ],
    replicas: ['1', '2'],
    silent: ['4', '3']
  })
  t.strictSame(eraReport({ replicas: new Map(), silent: [] }), { since: 0, clients: [], replicas: [], silent: [] })
})
