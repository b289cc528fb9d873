import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { MODERN_STORY } from './modern-story.js'
import { type Step, actor, announce, enter, introduction, ping } from './stage.js'

/** What sessions are, in one process. */
export const SESSION_STORY: Record<string, Step> = {
  'a client opens a session': async stage => {
    const anna = await enter(stage, 'anna', 'tenant-a')
    return `anna opened a session for tenant-a and speaks MCP ${anna.protocolVersion}`
  },
  'a session keeps data': async stage => {
    const { total: first } = await actor(stage, 'anna').call('counter', { by: 40 })
    const { total, activated } = await actor(stage, 'anna').call('counter', { by: 2 })
    assert.deepEqual({ first, total, activated }, { first: 40, total: 42, activated: false })
    return `counter: 40, and 2 more, makes ${total}, kept in the session's durable data`
  },
  'the server knows its client': async stage => `whoami: the server sees ${await introduction(stage)}`,
  'a long call reports progress': async stage => {
    const seen: number[] = []
    const anna = actor(stage, 'anna')
    const { steps } = await anna.call('countdown', { steps: 3, intervalMs: 50 }, step => seen.push(step))
    assert.deepEqual({ steps, seen }, { steps: 3, seen: [1, 2, 3] })
    return `countdown: a long call reported progress ${seen.join(', ')} while it ran`
  },
  'the server announces': async stage => {
    await announce(stage, 'Tea is ready')
    return 'announce: "Tea is ready" arrived on the standalone stream, belonging to no call'
  },
  'the server asks': async stage => {
    const { action, answer } = await actor(stage, 'anna').call('ask', { question: 'What holds you?' })
    assert.deepEqual({ action, answer }, { action: 'accept', answer: 'A holdfast' })
    return `ask: the server asked anna's user in the middle of the call; ${action}, "${answer}"`
  },
  ...MODERN_STORY,
  'more sessions than may be live': async stage => {
    const totals = []
    for (const [name, tenant] of [['ben', 'tenant-a'], ['cleo', 'tenant-b']] as const) {
      const { total } = await (await enter(stage, name, tenant)).call('counter')
      totals.push(total)
    }
    assert.deepEqual(totals, [1, 1])
    return 'ben and cleo opened sessions with totals of their own; two may be live, ' +
      "so anna's goes dormant: a record, no server"
  },
  'a dormant session comes back': async stage => {
    const { total, activated } = await actor(stage, 'anna').call('counter', { by: 8 })
    assert.deepEqual({ total, activated }, { total: 50, activated: true })
    return `counter: anna's next call brought it back (activated: ${activated}), and her total goes on at ${total}`
  },
  'a session has one owner': async stage => {
    const { sessionId } = actor(stage, 'anna')
    const foreign = await ping(stage, sessionId, stage.tokens['tenant-b'])
    const unknown = await ping(stage, randomBytes(32).toString('base64url'), stage.tokens['tenant-b'])
    const anonymous = await ping(stage, sessionId, undefined)
    assert.deepEqual({ foreign: foreign.status, anonymous: anonymous.status }, { foreign: 404, anonymous: 401 })
    assert.deepEqual(foreign, unknown)
    return `anna's session id with tenant-b's token: ${foreign.status}, as for an id that never was; ` +
      `without a token: ${anonymous.status}`
  }
}
