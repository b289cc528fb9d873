import { randomInt } from 'node:crypto'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { Counters } from '../counters.js'
import type { Scenario } from '../scenario.js'

export const kills: Scenario = {
  promise: 'kill -9 of replicas under load loses no acknowledged increment and doubles none',
  figures: '200 kills, 100,000 acknowledged increments, three replicas on one Redis',
  deadline: 20,
  run: async trial => {
    const [times, increments] = [trial.volume(200), trial.volume(100_000)]
    const fleet = await Fleet.start()
    trial.defer(async () => { await fleet.stop() })
    const counters = await Counters.begin(() => fleet.url, { sessions: 20, hands: 2 })
    trial.defer(async () => { await counters.stop() })
    for (let kill = 1; kill <= times; kill++) {
      await counters.reached(Math.floor(increments * (kill - 0.5) / times))
      const place = randomInt(3)
      await fleet.kill(place)
      await fleet.replace(place)
      trial.progress(kill, times, `${kill} kills, ${counters.acknowledged} increments`)
    }
    await counters.reached(increments)
    return `${times} kills; ${await counters.settle()}`
  }
}
