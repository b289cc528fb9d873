import { Child } from '../child.js'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'

/** Processes of the same program differ by more than what is measured here, each in its own way. */
const PAIRS = 8
const WARM = 50
const BATCHES = 75

/**
 * What counting adds to a call: two processes, with and without metrics, take turns, so that what the machine does
 * besides meets both.
 */
export async function metrics (): Promise<Figure[]> {
  const took: Array<[number, number]> = []
  for (let pair = 0; pair < PAIRS; pair++) took.push(...await compared())
  return [
    { what: 'call without metrics (inject, CPU)', value: median(took.map(([without]) => without)), unit: 'µs' },
    { what: 'call with metrics (inject, CPU)', value: median(took.map(([, counted]) => counted)), unit: 'µs' },
    {
      what: 'call with metrics ÷ without',
      value: median(took.map(([without, counted]) => counted / without)),
      unit: '×',
      target: 1.03
    }
  ]
}

/** µs per call, without and with. */
async function compared (): Promise<Array<[number, number]>> {
  const [off, on] = [await start(false), await start(true)]
  const took: Array<[number, number]> = []
  for (let batch = 0; batch < WARM + BATCHES; batch++) {
    const first = batch % 2 === 0 ? off : on
    const one = await first.ask<number>('batch')
    const two = await (first === off ? on : off).ask<number>('batch')
    if (batch >= WARM) took.push(first === off ? [one, two] : [two, one])
  }
  await Promise.all([off.stop(), on.stop()])
  return took
}

async function start (counted: boolean): Promise<Child> {
  const child = new Child(new URL('metrics-app.js', import.meta.url))
  await child.ask('start', counted)
  return child
}
