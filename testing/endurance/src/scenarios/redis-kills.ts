import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { Counters } from '../counters.js'
import type { Scenario } from '../scenario.js'

export const redisKills: Scenario = {
  promise: 'kill -9 of a Redis with an append-only file loses no acknowledged increment; ' +
    'its outage is a 503 or an error, never a 404',
  figures: '20 kills, 20,000 acknowledged increments, three replicas',
  deadline: 10,
  run: async trial => {
    const [times, increments] = [trial.volume(20), trial.volume(20_000)]
    const fleet = await Fleet.start()
    trial.defer(async () => { await fleet.stop() })
    let turn = 0
    // Not through the proxy: it would spare replicas that say they are not ready.
    const counters = await Counters.begin(() => fleet.replicas[turn++ % 3]?.url as URL, { sessions: 20, hands: 2 })
    trial.defer(async () => { await counters.stop() })
    for (let kill = 1; kill <= times; kill++) {
      await counters.reached(Math.floor(increments * (kill - 0.5) / times))
      await fleet.storage.redis.kill()
      await pause(randomInt(1_500))
      await fleet.storage.redis.run()
      const before = counters.acknowledged
      await counters.reached(before + 20)
      trial.progress(kill, times, `${kill} kills, ${counters.acknowledged} increments`)
    }
    await counters.reached(increments)
    return `${times} kills; ${await counters.settle()}`
  }
}
