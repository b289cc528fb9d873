import { Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { stayAwake } from './fixtures/gate.js'
import { Mismatches } from '../src/mismatches.js'

t.test('mismatches are told later, together and each once', async (t) => {
  stayAwake(t)
  const sessions = new Sessions({ backend: memory() })
  const session = await sessions.create({ principal: { subject: 'alice' } })
  const mismatches = new Mismatches(sessions)
  const told: unknown[] = []
  const last = new Promise<void>(resolve => {
    sessions.on('ownerMismatch', ({ key, by }) => {
      told.push([key, by])
      if (told.length === 3) resolve()
    })
  })
  for (const by of [{ subject: 'bob' }, { subject: 'carol' }, null]) mismatches.note(session, by)
  t.same(told, [])
  await last
  t.same(new Set(told.map(([key]: any) => key)), new Set([session.key]))
  t.equal(new Set(told.map(([, by]: any) => by)).size, 3)
})

t.test('as many wait as fit, and closing tells them', async (t) => {
  const sessions = new Sessions({ backend: memory() })
  const session = await sessions.create({ principal: { subject: 'alice' } })
  const mismatches = new Mismatches(sessions)
  let told = 0
  sessions.on('ownerMismatch', () => { told++ })
  for (let n = 0; n < 5_000; n++) mismatches.note(session, null)
  mismatches.tell()
  t.equal(told, 1_000)
  mismatches.tell()
  t.equal(told, 1_000)
})
