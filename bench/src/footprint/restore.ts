import { memory } from '@holdfast/memory'
import { median } from '../statistics.js'
import { App } from './app.js'
import type { Figure } from './figure.js'
import type { Build } from './tool-server.js'

const WARM = 200
const SESSIONS = 1000

/**
 * The first call of a dormant session against the second. Sessions are opened on one replica and called on another with
 * the same backend, where all of them are dormant.
 */
export async function restore (
  build: Build,
  targets: { request: number, whole: number | undefined }
): Promise<Figure[]> {
  const backend = memory()
  const opener = await App.start(backend, build)
  const restorer = await App.start(backend, build)
  const dormant: number[] = []
  const live: number[] = []
  for (let n = 0; n < WARM + SESSIONS; n++) {
    const id = await opener.open()
    dormant.push(await restorer.call(id))
    live.push(await restorer.call(id))
  }
  if (restorer.factory.length !== WARM + SESSIONS) throw new Error('Some sessions were not dormant')
  const whole = dormant.map((took, n) => took - live[n]!).slice(WARM)
  const request = whole.map((took, n) => took - restorer.factory[WARM + n]!)
  const name = `${build.tools} tool${build.tools === 1 ? '' : 's'}, ${build.style}`
  return [
    { what: `restore, ${name}: beyond the factory`, value: median(request), unit: 'ms', target: targets.request },
    {
      what: `restore, ${name}: with the factory`,
      value: median(whole),
      unit: 'ms',
      ...(targets.whole !== undefined && { target: targets.whole })
    },
    { what: `call on a live session, ${name} (inject)`, value: median(live.slice(WARM)), unit: 'ms' }
  ]
}
