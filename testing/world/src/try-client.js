import { DrivenClient } from './driven-client.js'
import { FAILS } from './judge.js'
import { EVENTS, plain } from './scenarios.js'

/** Events at the same time. Each has some processes of its own. */
const LANES = 3
/** Tries one client in everything: `{ plain, <event>: { call, stream }… }`. Each time with a process of its own. */
export async function tryClient (name, redis) {
  const found = { plain: await withClient(name, async client => await plain({ redis, client })) }
  const events = Object.entries(EVENTS).values()
  const lane = async () => {
    for (const [event, scenario] of events) found[event] = await tryEvent(name, redis, scenario)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return found
}

async function tryEvent (name, redis, scenario) {
  return await withClient(name, async client => await scenario({ redis, client })).catch(({ message }) =>
    ({ call: { is: FAILS, why: message }, stream: { is: FAILS, why: message } }))
}

async function withClient (name, use) {
  const client = new DrivenClient(name)
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
