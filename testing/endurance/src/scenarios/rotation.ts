import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { generateKey } from '@holdfast/envelope'
import { Fleet } from '@holdfast/three-replicas/fleet'
import type { RedisStorage } from '@holdfast/three-replicas/storage'
import { Counters } from '../counters.js'
import type { Scenario } from '../scenario.js'

const HOLDFAST = fileURLToPath(new URL('bin.js', import.meta.resolve('@holdfast/cli')))

export const rotation: Scenario = {
  promise: 'keys are exchanged in a fleet, in three rolls and a reseal, while it is used: ' +
    'no request fails, and the old key is needed by nothing',
  figures: '100,000 requests, two rotations',
  deadline: 15,
  run: async trial => {
    const [requests, rotations] = [trial.volume(100_000), 2]
    let key = generateKey('k0')
    const fleet = await Fleet.start({ HOLDFAST_KEYS: key, HOLDFAST_DRAIN_DELAY: '1s' })
    trial.defer(async () => { await fleet.stop() })
    const counters = await Counters.begin(() => fleet.url, { sessions: 20, hands: 2 })
    trial.defer(async () => { await counters.stop() })
    const roll = async (keys: string): Promise<void> => {
      for (const place of [0, 1, 2]) await fleet.replace(place, { HOLDFAST_KEYS: keys })
    }
    for (let n = 1; n <= rotations; n++) {
      await counters.reached(Math.floor(requests * (n - 0.5) / rotations))
      const next = generateKey(`k${n}`)
      await roll(`${key},${next}`)
      await roll(`${next},${key}`)
      const { resealed, unreadable, keysInUse } = await rotated(fleet, `${next},${key}`)
      assert.deepEqual({ unreadable, keys: Object.keys(keysInUse) }, { unreadable: 0, keys: [`k${n}`] })
      await roll(next)
      trial.tell(`rotation ${n}: ${resealed} sealed anew, ${counters.acknowledged} requests`)
      key = next
    }
    await counters.reached(requests)
    const outcome = await counters.settle()
    assert.deepEqual([...counters.failures], [], 'no request fails')
    return `${rotations} rotations; ${outcome}`
  }
}

async function rotated (fleet: Fleet<RedisStorage>, keys: string): Promise<any> {
  const { stdout } = await promisify(execFile)(process.execPath, [HOLDFAST, 'keys', 'rotate', '--json'], {
    env: { ...process.env, ...fleet.storage.environment, HOLDFAST_KEYS: keys }
  })
  return JSON.parse(stdout)
}
