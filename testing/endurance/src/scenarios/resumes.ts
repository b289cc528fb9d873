import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { openSession } from '../open.js'
import type { Scenario } from '../scenario.js'

const AT_A_TIME = 40
const STEPS = 10
/** Bytes; more than a priming event, less than a reply. */
const [LEAST, MOST] = [120, 600]

export const resumes: Scenario = {
  promise: 'a reply that is cut anywhere in its bytes goes on, on another replica, with every event exactly once',
  figures: '10,000 cut replies, on three replicas',
  deadline: 15,
  run: async trial => {
    const cuts = trial.volume(10_000)
    const fleet = await Fleet.start({ HOLDFAST_RESPONSE_MODE: 'sse' })
    trial.defer(async () => { await fleet.stop() })
    const replicas = fleet.replicas.map(({ url }) => url)
    let [done, calls] = [0, 0]
    await Promise.all(Array.from({ length: AT_A_TIME }, async (_, n) => {
      const session = await openSession(replicas[n % 3] as URL)
      while (done < cuts) {
        const more = await cutCall(replicas, session, ++calls)
        done += more
        trial.progress(done, cuts, `${done} replies cut in ${calls} calls`)
      }
    }))
    return `${done} replies of ${calls} calls were cut; each of ${calls * (STEPS + 1)} events came once, in order`
  }
}

/**
 * Calls, cuts the reply and its continuations after a random number of bytes, and checks what came.
 *
 * @returns the cuts
 */
async function cutCall (replicas: readonly URL[], session: Record<string, string>, id: number): Promise<number> {
  const params = { name: 'countdown', arguments: { steps: STEPS, intervalMs: 5 }, _meta: { progressToken: id } }
  const message = { jsonrpc: '2.0', id, method: 'tools/call', params }
  const heard: any[] = []
  let [last, cuts] = ['', -1]
  for (let place = randomInt(3); ; place++, cuts++) {
    const url = replicas[place % 3] as URL
    const text = last === ''
      ? await bytes(url, session, message)
      : await bytes(url, { ...session, 'last-event-id': last })
    // What has no blank line after it did not arrive.
    for (const block of text.split('\n\n').slice(0, -1)) {
      last = /^id: (.*)$/m.exec(block)?.[1] ?? last
      const data = /^data: (.+)$/m.exec(block)?.[1]
      if (data !== undefined) heard.push(JSON.parse(data))
    }
    assert.notEqual(last, '', 'the first event has an id')
    const answer = heard.at(-1)
    if (answer?.id === undefined) continue
    const steps = heard.slice(0, -1).map(({ params }) => params.progress)
    assert.deepEqual(steps, Array.from({ length: STEPS }, (_, n) => n + 1))
    assert.deepEqual({ id: answer.id, result: answer.result?.structuredContent }, { id, result: { steps: STEPS } })
    return cuts + 1
  }
}

/** A request, and as much of its reply as comes before the connection is cut. */
async function bytes (url: URL, headers: Record<string, string>, message?: object): Promise<string> {
  let left = randomInt(LEAST, MOST)
  return await new Promise((resolve, reject) => {
    const sent = request(url, {
      agent: false,
      method: message === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json, text/event-stream', ...message && { 'content-type': 'application/json' }, ...headers
      }
    }, (response: IncomingMessage) => {
      if (response.statusCode !== 200) reject(new Error(`a resumed stream was answered ${response.statusCode}`))
      let text = ''
      response.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk.slice(0, Math.max(0, left))
        left -= chunk.length
        if (left <= 0) sent.destroy()
      }).on('error', () => {}).on('close', () => { resolve(text) })
    })
    sent.on('error', reject).end(message === undefined ? undefined : JSON.stringify(message))
  })
}
