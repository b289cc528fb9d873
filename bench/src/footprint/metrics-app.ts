import { memory } from '@holdfast/memory'
import { answer } from '../child.js'
import { App } from './app.js'

const SESSIONS = 100
const CALLS = 200

let app: App
const ids: string[] = []

async function start (counted: boolean): Promise<void> {
  app = await App.start(memory(), { tools: 1, style: 'hoisted' }, counted ? { metrics: { path: '/metrics' } } : {})
  for (let n = 0; n < SESSIONS; n++) ids.push(await app.open())
}

/** µs of CPU per call. */
async function batch (): Promise<number> {
  const before = process.cpuUsage()
  for (let n = 0; n < CALLS; n++) await app.call(ids[n % SESSIONS] as string)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CALLS
}

answer({ start, batch })
