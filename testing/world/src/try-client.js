import { DrivenClient } from './driven-client.js'
import { FAILS } from './judge.js'
import { EVENTS, LastedTooLong, plain } from './scenarios.js'

/** Events at the same time. Each has some processes of its own. */
const LANES = 2
/** How often an event is tried on a busy machine. */
const ATTEMPTS = 5

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
  for (let attempt = 1; ; attempt++) {
    try {
      return await withClient(name, async client => await scenario({ redis, client }))
    } catch (error) {
      if (error instanceof LastedTooLong && attempt < ATTEMPTS) continue
      if (error instanceof LastedTooLong) throw error
      return { call: { is: FAILS, why: error.message }, stream: { is: FAILS, why: error.message } }
    }
  }
}

async function withClient (name, use) {
  const client = new DrivenClient(name)
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
