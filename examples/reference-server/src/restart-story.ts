import assert from 'node:assert/strict'
import { type Stage, type Step, actor, announce, introduction } from './stage.js'

/** Announced when nobody listens. */
export const LATE = 'Said while closing'

/** What becomes of them when the process ends in order and another one takes over. */
export const RESTART_STORY: Record<string, Step> = {
  'the server stops in the middle of a call': async stage => {
    const anna = actor(stage, 'anna')
    let stopped
    const { steps } = await anna.call('countdown', { steps: 8, intervalMs: 100, announce: LATE }, step => {
      if (step === 1) stopped = stage.server.stop()
    })
    assert.deepEqual({ steps, code: await stopped }, { steps: 8, code: 0 })
    assert(!anna.heard.includes(LATE), 'streams that no call needs should have been closed first')
    return `SIGTERM came while anna's call ran: it was answered all the same, and the process ended with code 0.
    "${LATE}" was announced when her standalone stream was closed already: nobody has heard it`
  },
  'another process takes over': async stage => await takenOver(stage),
  'every session goes on': async stage => {
    const totals = await counted(stage)
    assert.deepEqual(totals, ["anna's total 51", "ben's total 2", "cleo's total 2"])
    return `counter: one more for each, with their old session ids: ${totals.join(', ')}`
  },
  'nothing that was announced is lost': async stage => {
    await actor(stage, 'anna').hears(LATE)
    return `announce: anna's client took up its stream where it ended, and "${LATE}" arrived`
  },
  'the stream goes on, and nothing comes twice': async stage => {
    await announce(stage, 'Still here')
    assert.deepEqual(actor(stage, 'anna').heard, ['Tea is ready', LATE, 'Still here'])
    return 'announce: "Still here" arrived live on the same stream, and no announcement came twice'
  },
  'the new process knows its client': async stage => `whoami: the new process sees ${await introduction(stage)}`,
  'the new process asks': async stage => {
    const { action, answer } = await actor(stage, 'anna').call('ask', { question: 'Still there?' })
    assert.deepEqual({ action, answer }, { action: 'accept', answer: 'A holdfast' })
    return `ask: the new process asked anna's user, and she answered: ${action}, "${answer}"`
  }
}

/** Starts the next process. */
export async function takenOver (stage: Stage): Promise<string> {
  const { pid } = stage.server.process
  await stage.restart()
  assert.notEqual(stage.server.process.pid, pid)
  return `a new process (${stage.server.process.pid} instead of ${pid}) listens at the same address, ` +
    'on the same file, with the same keys'
}

/** Adds one to the total of every session. Each was dormant, and keeps its id. */
export async function counted ({ cast }: Stage): Promise<string[]> {
  const totals = []
  for (const client of cast.values()) {
    const { sessionId } = client
    const { total, activated } = await client.call('counter')
    assert.deepEqual({ activated, sessionId }, { activated: true, sessionId: client.sessionId })
    totals.push(`${client.name}'s total ${total}`)
  }
  return totals
}
