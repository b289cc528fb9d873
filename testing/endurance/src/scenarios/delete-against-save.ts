import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/envelope'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { Redis } from 'ioredis'
import { openSession } from '../open.js'
import type { Scenario } from '../scenario.js'
import { send } from '@holdfast/clients/send'

const AT_A_TIME = 20

export const deleteAgainstSave: Scenario = {
  promise: 'a session that ends while others write to it stays ended: on every replica, in Redis, in the snapshot ' +
    'and after a kill -9',
  figures: '10,000 sessions, three writes against each DELETE; 8,000 on three replicas, ' +
    '2,000 beside a snapshot that is always being written',
  deadline: 15,
  run: async trial => {
    const [shared, single] = [trial.volume(8_000), trial.volume(2_000)]
    const fleet = await Fleet.start()
    trial.defer(async () => { await fleet.stop() })
    const replicas = fleet.replicas.map(({ url }) => url)
    let races = 0
    let saved = 0
    await together(shared, async () => {
      const more = await race(replicas, races++)
      saved += more
      trial.progress(races, shared + single, `${races} sessions ended`)
    })
    const raw = new Redis(fleet.storage.redis.url)
    trial.defer(() => { raw.disconnect() })
    assert.equal((await raw.keys('holdfast:*:r:*')).length, 0, 'no record is left in Redis')

    const environment = {
      HOLDFAST_BACKEND: 'memory',
      HOLDFAST_KEYS: generateKey(),
      HOLDFAST_SNAPSHOT: join(await mkdtemp(join(tmpdir(), 'delete-')), 'sessions'),
      HOLDFAST_SNAPSHOT_EVERY: '10ms'
    }
    const server = await startChildServer(environment)
    trial.defer(async () => { await server.kill() })
    const ended: Array<Record<string, string>> = []
    await together(single, async () => {
      const more = await race([server.url], races++, session => ended.push(session))
      saved += more
      trial.progress(races, shared + single, `${races} sessions ended`)
    })
    await server.kill()
    const next = await startChildServer(environment)
    trial.defer(async () => { await next.kill() })
    for (const session of ended) await isGone([next.url], session)
    return `${races} sessions ended, each for good; ${saved} of ${3 * races} writes came before their end`
  }
}

async function together (amount: number, work: () => Promise<void>): Promise<void> {
  let begun = 0
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    while (begun++ < amount) await work()
  }))
}

type Session = Record<string, string>

/** @returns how many writes were acknowledged */
async function race (
  replicas: readonly URL[], n: number, ended: (session: Session) => void = () => {}
): Promise<number> {
  const at = (offset: number): URL => replicas[(n + offset) % replicas.length] as URL
  const session = await openSession(at(0))
  const count = async (id: number, place: URL) =>
    await send(place, { message: { ...call('counter'), id }, headers: session })
  const asked = [count(1, at(0)), count(2, at(1)), send(at(2), { method: 'DELETE', headers: session }), count(3, at(2))]
  const [first, second, deletion, third] = await Promise.all(asked)
  assert.equal(deletion?.status, 200)
  const writes = [first, second, third].map(reply => reply?.status)
  assert.ok(writes.every(status => status === 200 || status === 404), `writes were answered ${writes.join()}`)
  await isGone(replicas, session)
  ended(session)
  return writes.filter(status => status === 200).length
}

async function isGone (replicas: readonly URL[], session: Session): Promise<void> {
  for (const url of replicas) {
    assert.equal((await send(url, { message: call('counter'), headers: session })).status, 404)
  }
}
