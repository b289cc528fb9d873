import { DrivenClient } from './driven-client.js'
import { FAILS } from './judge.js'
import { EVENTS, plain } from './scenarios.js'

/** Tries one client in everything: `{ plain, <event>: { call, stream }… }`. Each time with a process of its own. */
export async function tryClient (name, redis) {
  const found = { plain: await withClient(name, async client => await plain({ redis, client })) }
  const events = Object.entries(EVENTS).map(([event, scenario]) => async () => {
    found[event] = await withClient(name, async client => await scenario({ redis, client })).catch(({ message }) =>
      ({ call: { is: FAILS, why: message }, stream: { is: FAILS, why: message } }))
  })
  await Promise.all(events.map(async event => await event()))
  return found
}

async function withClient (name, use) {
  const client = new DrivenClient(name)
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
