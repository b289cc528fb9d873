import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { Counters } from '../counters.js'
import { openSession } from '../open.js'
import type { Scenario } from '../scenario.js'
import { SdkClient } from '../sdk-client.js'
import { stalledPeers } from '../stalled-peers.js'

/** Milliseconds. */
const DRAIN_DELAY = 1_000
const DRAIN_TIMEOUT = 2_000
const GONE = 5_000
const GIVEN_UP = 30_000

export const rolls: Scenario = {
  promise: 'a rolling deploy fails no request and loses no stream, and each process is gone in time, ' +
    'whatever its peers do with their connections',
  figures: '10 rolls of three replicas with 200 open streams under load; ' +
    'each process gone within 5 s of its drain, with a stalled peer of every kind connected',
  deadline: 15,
  run: async trial => {
    const [times, streams] = [trial.volume(10), trial.volume(200, 10)]
    const fleet = await Fleet.start({
      HOLDFAST_DRAIN_DELAY: `${DRAIN_DELAY}ms`, HOLDFAST_DRAIN_TIMEOUT: `${DRAIN_TIMEOUT}ms`
    })
    trial.defer(async () => { await fleet.stop() })
    const clients: SdkClient[] = []
    for (let n = 0; n < streams; n++) clients.push(await SdkClient.open(fleet.url, `client-${n}`))
    trial.defer(async () => { await Promise.all(clients.map(async client => { await client.close() })) })
    const counters = await Counters.begin(() => fleet.url, { sessions: 10 })
    trial.defer(async () => { await counters.stop() })

    const said: string[] = []
    /** @returns milliseconds from the beginning of the drain to the end of the process */
    const replace = async (place: number): Promise<number> => {
      const replica = fleet.replicas[place] as (typeof fleet.replicas)[0]
      const began = performance.now()
      const code = await Promise.race([replica.stop(), pause(GIVEN_UP, 'still there', { ref: false })])
      const took = performance.now() - began - DRAIN_DELAY
      if (code === 'still there') await replica.kill()
      const fate = `a process is not gone as it should, but ${code} after ${took.toFixed(0)} ms`
      assert.equal(code, 0, `${fate}: ${replica.log()}`)
      await fleet.replace(place)
      return took
    }
    // What this machine needs where nobody stalls.
    let usual = 0
    for (const place of [0, 1, 2]) usual = Math.max(usual, await replace(place))
    trial.tell(`without stalled peers a process is gone ${Math.round(usual)} ms after its drain began, at the most`)
    const ends: number[] = []
    let kinds = 0
    for (let roll = 1; roll <= times; roll++) {
      for (const place of [0, 1, 2]) {
        const { url } = fleet.replicas[place] as (typeof fleet.replicas)[0]
        const peers = await stalledPeers(url, await openSession(url))
        trial.defer(peers.close)
        kinds = peers.kinds
        ends.push(await replace(place))
      }
      const text = `roll ${roll}`
      said.push(text)
      await Promise.all(clients.map(async client => { await client.hears(text) }))
      const slowest = Math.round(Math.max(...ends))
      const heard = `${text}: heard on ${streams} streams`
      trial.progress(roll, times, `${heard}; slowest end so far ${slowest} ms after its drain began`)
    }
    const slowest = Math.round(Math.max(...ends))
    // At the full figure nothing is excused; a run at a share of the volume may share its machine.
    assert.ok(slowest <= GONE + (trial.scale === 1 ? 0 : usual), `the slowest process took ${slowest} ms`)
    for (const { heard } of clients) assert.deepEqual(heard, said, 'nothing is lost, nothing comes twice')
    const outcome = await counters.settle()
    assert.deepEqual([...counters.failures], [], 'no request fails')
    return `${ends.length} processes replaced, each with ${kinds} kinds of stalled peers; the slowest was gone ` +
      `${slowest} ms after its drain began, ${Math.round(usual)} ms without them. ${outcome}`
  }
}
