import assert from 'node:assert/strict'
import { StoryClient } from '@holdfast/reference-server/story-client'
import type { Fleet } from './fleet.js'

/** What the steps share. */
export interface Stage {
  fleet: Fleet
  token: string
  apiKey: string
  cast: StoryClient[]
}

/** A step: it acts, asserts, and tells what it saw; never an id, a token or a key. */
export type Step = (stage: Stage) => Promise<string>

/** What must be so, and the step that tries it, in the order in which they are played. */
export const STORY: Record<string, Step> = {
  'every replica serves every session': async ({ fleet: { url }, token, apiKey, cast }) => {
    for (const name of ['anna', 'ben', 'cleo']) {
      cast.push(await StoryClient.open({ name, answer: 'A holdfast', url, token, apiKey }))
    }
    const anna = cast[0] as StoryClient
    const replicas = new Set()
    for (let n = 1; n <= 6; n++) {
      const { total, replica } = await anna.call('counter')
      assert.equal(total, n)
      replicas.add(replica)
    }
    assert.equal(replicas.size, 3)
    return 'counter: six calls of anna, answered by three replicas in turn, counted from 1 to 6'
  },
  'nothing is counted twice or lost': async ({ cast }) => {
    const calls = cast.flatMap(client => Array.from({ length: 30 }, async () => await client.call('counter')))
    await Promise.all(calls)
    const totals = await Promise.all(cast.map(async client => (await client.call('counter', { by: 0 })).total))
    assert.deepEqual(totals, [36, 30, 30])
    return `counter: 30 more calls of each of three clients, all at once; the totals are exactly ${totals.join(', ')}`
  },
  'an answer finds the replica that asked': async ({ cast }) => {
    const question = 'What holds the kelp?'
    const answers = await Promise.all(cast.map(async client => await client.call('ask', { question })))
    for (const { action, answer } of answers) {
      assert.deepEqual({ action, answer }, { action: 'accept', answer: 'A holdfast' })
    }
    return 'ask: three replicas asked three users at the same time; each answer came in through another replica ' +
      `and was heard: "${answers[0].answer}"`
  },
  'a killed replica takes its running call with it, and says so': async ({ fleet, cast }) => {
    const began: Array<Promise<void>> = []
    const calls = cast.map(client => {
      let begin: () => void
      began.push(new Promise(resolve => { begin = resolve }))
      return client.call('countdown', { steps: 15, intervalMs: 100 }, () => begin())
    })
    const outcomes = Promise.allSettled(calls)
    await Promise.all(began)
    const killed = performance.now()
    await fleet.kill(0)
    const failed = (await outcomes).filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    assert.equal(failed.length, 1)
    return 'three calls ran, one on each replica, when one of these got a kill -9. ' +
      `Two calls ended as if nothing had been; the third got an answer too,
    all within ${((performance.now() - killed) / 1000).toFixed(1)} s: "${(failed[0]?.reason as Error).message}"`
  },
  'no session is lost': async ({ cast }) => {
    const totals = await Promise.all(cast.map(async client => (await client.call('counter')).total))
    assert.deepEqual(totals, [37, 31, 31])
    return `counter: every session goes on, on the two that are left: ${totals.join(', ')}`
  },
  'a rolling deploy is not noticed': async ({ fleet, cast }) => {
    const [anna] = cast as [StoryClient]
    await fleet.replace(0)
    const rolled = new AbortController()
    const counting = Promise.all(cast.map(async client => {
      let calls = 0
      for (; !rolled.signal.aborted; calls++) await client.call('counter')
      return calls
    }))
    const progress: number[] = []
    const lift = { steps: 25, intervalMs: 100, announce: 'Lift-off' }
    const countdown = anna.call('countdown', lift, step => progress.push(step))
    await Promise.all([fleet.replace(1), countdown])
    await fleet.replace(2)
    rolled.abort()
    const calls = await counting
    const totals = await Promise.all(cast.map(async client => (await client.call('counter', { by: 0 })).total))
    assert.deepEqual(totals, [37, 31, 31].map((total, n) => total + (calls[n] as number)))
    assert.deepEqual(progress, Array.from({ length: 25 }, (_, n) => n + 1))
    await anna.hears('Lift-off')
    assert.deepEqual(anna.heard, ['Lift-off'])
    const sum = calls.reduce((sum, n) => sum + n)
    return `the killed one is back, and the other two were replaced one after the other under ${sum} calls: ` +
      `none failed, none was
    counted twice. A countdown of 25 steps reported each of them once, and its announcement was heard once`
  },
  'what has ended has ended everywhere': async ({ fleet: { url }, token, cast }) => {
    const { sessionId } = cast.at(-1) as StoryClient
    const ask = async (method: string): Promise<number> => (await fetch(url, {
      method,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': sessionId,
        authorization: `Bearer ${token}`
      },
      body: method === 'POST' ? JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }) : null
    })).status
    const before = await ask('POST')
    assert.deepEqual([before, await ask('DELETE')], [200, 200])
    assert.deepEqual(await Promise.all(['POST', 'POST', 'POST'].map(ask)), [404, 404, 404])
    return 'DELETE: one replica ended cleo\'s session, and all three answer 404 at once'
  },
  'nothing that is stored can be read': async ({ fleet: { storage }, token, apiKey, cast }) => {
    const { replica } = await (cast[0] as StoryClient).call('counter', { by: 0 })
    const written = await storage.written()
    assert(written.includes(replica), 'what is no secret should be on the disk')
    for (const secret of [token, apiKey, 'Lift-off', 'anna', ...cast.map(({ sessionId }) => sessionId)]) {
      assert(!written.includes(secret), 'a secret is on the disk')
    }
    return `of ${written.length} bytes that were written to the disk, ` +
      'none tell of a session id, token, API key, name or announcement'
  }
}
