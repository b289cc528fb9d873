import assert from 'node:assert/strict'
import { initialize } from '@holdfast/clients/by-hand'
import { Fleet } from '@holdfast/three-replicas/fleet'
import { conversation } from '../conversation.js'
import type { Scenario } from '../scenario.js'
import { SdkClient } from '../sdk-client.js'
import { send } from '@holdfast/clients/send'

/** Of ten clients, one is the SDK's own. */
const SDK = 10
/** Questions of one client that are open at the same time. */
const HANDS = 2

export const crowd: Scenario = {
  promise: 'many clients that use the same JSON-RPC ids at the same time, with requests to any replica, ' +
    'each get their own answers and give their own',
  figures: '500 clients, 100,000 questions and answers, all clients with the ids 1 to 200, three replicas',
  deadline: 30,
  run: async trial => {
    const [amount, each] = [trial.volume(500, 20), trial.volume(200)]
    // The clients share one process: when it computes for seconds, a request that it has begun arrives late.
    const fleet = await Fleet.start({ HOLDFAST_REQUEST_TIMEOUT: '5m' })
    trial.defer(async () => { await fleet.stop() })
    let turn = 0
    const place = (): URL => fleet.replicas[turn++ % 3]?.url as URL
    const total = amount * each
    let answered = 0
    const check = (answer: string, expected: string): void => {
      assert.equal(answer, expected)
      trial.progress(++answered, total, `${answered} answers`)
    }
    await Promise.all(Array.from({ length: amount }, async (_, n) => {
      const question = (id: number): string => `question ${id} of ${n}`
      let id = 0
      if (n % SDK === 0) {
        const client = await SdkClient.open(fleet.url, `client ${n}`)
        while (id++ < each) {
          check((await client.call('ask', { question: question(id) })).answer, `${question(id)} client ${n}`)
        }
        await client.close()
      } else {
        const session = await openAsking(place())
        await Promise.all(Array.from({ length: HANDS }, async () => {
          while (id < each) {
            const own = ++id
            const answer = `answer ${own} of ${n}`
            check(await conversation(place, session, own, question(own), answer), answer)
          }
        }))
      }
    }))
    assert.equal(answered, total)
    return `${answered} questions to ${amount} clients, a tenth of them the SDK's own: ` +
      'each got its own question and each tool its own answer'
  }
}

async function openAsking (url: URL): Promise<Record<string, string>> {
  const message = initialize() as { params: object }
  const params = { ...message.params, capabilities: { elicitation: {} } }
  const reply = await send(url, { message: { ...message, params } })
  assert.equal(reply.status, 200, reply.text)
  return { 'mcp-session-id': reply.headers['mcp-session-id'] as string, 'mcp-protocol-version': '2025-11-25' }
}
