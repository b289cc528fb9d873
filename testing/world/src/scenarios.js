import { open, count } from '../../clients/dist/by-hand.js'
import { Fleet } from '../../../examples/three-replicas/dist/fleet.js'
import { BEGINS_ANEW, CANNOT, FAILS, GOES_ON, HANGS, continued, judged } from './judge.js'
import { Served } from './served.js'

const LIVE = 2

/**
 * What happens while the client is open. Each has a server and a client of its own, and resolves to
 * `{ call, stream }`: what became of the next call, and of the stream that belongs to no call.
 */
export const EVENTS = {
  restart: async ({ redis, client }) => await onOne(redis, client, async served => await served.restart()),
  'outage of 3 s': async ({ redis, client }) => await onOne(redis, client, async served => await served.outage(3_000)),
  'outage of 7 s': async ({ redis, client }) => await onOne(redis, client, async served => await served.outage(7_000)),
  dormancy: async ({ redis, client }) => await onOne(redis, client, async served => {
    for (let opened = 0; opened < LIVE; opened++) await count(served.url, await open(served.url))
  }, { HOLDFAST_MAX_LIVE: `${LIVE}` }),
  'kill -9 behind round robin': async ({ client }) => {
    const fleet = await Fleet.start({ HOLDFAST_STREAM_AFTER: '100ms', HOLDFAST_MODERN: 'refuse' })
    try {
      await begin(client, fleet.url)
      let call = { is: GOES_ON }
      for (const place of fleet.replicas.keys()) {
        await fleet.kill(place)
        if (call.is === GOES_ON) call = continued(await client.ask('call'), place + 2)
        await fleet.replace(place)
      }
      return { call, stream: await hears(client) }
    } finally {
      await fleet.stop()
    }
  },
  'its session ended': async ({ redis, client }) => {
    const served = await Served.start(redis)
    try {
      await begin(client, served.url)
      if (await served.endSessions() < 1) throw new Error('there was no session to end')
      const call = continued(await client.ask('call'), 2)
      // The library may notice with the first call, and recover with the next one.
      const next = call.is === FAILS ? continued(await client.ask('call'), 2) : call
      return { call: next.is === BEGINS_ANEW ? next : call, stream: { is: CANNOT, why: 'its stream ended with it' } }
    } finally {
      await served.stop()
    }
  }
}

/** What a client does while nothing happens. */
export async function plain ({ redis, client }) {
  const served = await Served.start(redis)
  try {
    const connect = judged(await client.ask('connect', { url: served.url.href }))
    if (connect.is !== GOES_ON) return { connect }
    const tools = judged(await client.ask('tools'), ok => ok.tools > 10)
    const calls = [await client.ask('call'), await client.ask('call')]
    const call = calls[1].ok?.total === 1 ? { is: BEGINS_ANEW } : continued(calls[1], 2)
    const streamed = await client.ask('stream')
    const question = judged(await client.ask('question'), ok => ok.action === 'accept' && ok.answer === 'yes')
    return {
      connect,
      tools,
      call,
      'call that streams': judged(streamed, ok => ok.steps === 3),
      progress: await progress(client, streamed),
      question,
      'message of its own': await hears(client)
    }
  } finally {
    await served.stop()
  }
}

async function progress (client, streamed) {
  const able = await client.ask('progress')
  if (able.cannot !== undefined) return judged(able)
  return judged(streamed, ok => ok.seen.join() === '1,2,3')
}

async function onOne (redis, client, event, changes) {
  const served = await Served.start(redis, changes)
  try {
    await begin(client, served.url)
    await event(served)
    const answer = await client.ask('call')
    // After each of these events the server object must be a new one, or nothing was tried.
    if (answer.ok?.total === 2 && !answer.ok.activated) throw new Error('the session was live all the time')
    const call = continued(answer, 2)
    return { call, stream: await hears(client) }
  } finally {
    await served.stop()
  }
}

/** Connects, counts to 1, and has its stream open, if it opens one. */
async function begin (client, url) {
  const connected = await client.ask('connect', { url: url.href })
  if (connected.ok === undefined) throw new Error(`it did not connect: ${connected.error ?? 'it hangs'}`)
  const { ok, error } = await client.ask('call')
  if (ok?.total !== 1) throw new Error(`its first call: ${error ?? JSON.stringify(ok)}`)
  await hears(client)
}

let announced = 0

/** Whether a message of the server that belongs to no call reaches the client. */
async function hears (client) {
  const able = await client.ask('hear')
  if (able.cannot !== undefined) return judged(able)
  const text = `announcement ${++announced}`
  const sent = judged(await client.ask('announce', { text }))
  if (sent.is !== GOES_ON) return sent
  return { is: await client.hears(text) ? GOES_ON : HANGS }
}
