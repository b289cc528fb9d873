import { type Principal, type Session, Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { OwnerMismatches } from '../dist/live/owner-mismatches.js'
import { stayAwake } from '@holdfast/waiting'

const alice: Principal = { subject: 'alice' }

/** One live session, which is alice's, and what is told of it. */
async function watched (): Promise<{
  session: Session
  mismatches: OwnerMismatches
  told: unknown[]
  looked: string[]
  sessions: Sessions
}> {
  const sessions = new Sessions({ backend: memory() })
  const session = await sessions.create({ principal: alice })
  const [told, looked]: [unknown[], string[]] = [[], []]
  const mismatches = new OwnerMismatches(sessions, id => {
    looked.push(id)
    return id === session.id ? session : undefined
  })
  sessions.on('ownerMismatch', ({ key, by }) => { told.push([key, by]) })
  return { session, mismatches, told, looked, sessions }
}

t.test('mismatches are looked up and told later, together and each once', async (t) => {
  stayAwake(t)
  const { session, mismatches, told, looked, sessions } = await watched()
  const last = new Promise<void>(resolve => {
    sessions.on('ownerMismatch', () => { if (told.length === 3) resolve() })
  })
  for (const by of [{ subject: 'bob' }, { subject: 'carol' }, null]) mismatches.note(session.id, by)
  t.same(looked, [], 'a live session takes no more time than none')
  await last
  t.same(new Set(told.map(([key]: any) => key)), new Set([session.key]))
  t.equal(new Set(told.map(([, by]: any) => by)).size, 3)
})

t.test('an id that nobody has, and the owner whose session has just ended, are none', async (t) => {
  const { session, mismatches, told, looked } = await watched()
  mismatches.note('x', { subject: 'bob' })
  mismatches.note(session.id, alice)
  mismatches.report()
  t.same([looked, told], [['x', session.id], []])
})

t.test('as many wait as fit, and closing tells them', async (t) => {
  const { session, mismatches, told } = await watched()
  for (let n = 0; n < 5_000; n++) mismatches.note(session.id, null)
  mismatches.report()
  t.equal(told.length, 1_000)
  mismatches.report()
  t.equal(told.length, 1_000)
})
