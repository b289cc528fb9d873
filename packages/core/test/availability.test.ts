import t from 'tap'
import { Availability, HoldfastError } from '../dist/index.js'

function watched () {
  const heard: unknown[] = []
  const availability = new Availability(error => heard.push(error), () => heard.push('up'))
  return { availability, heard }
}

const lost = new Error('connection lost')
const fail = async () => { throw lost }
const answer = async () => 'answer'

t.test('an answer is handed on, whatever it is', async (t) => {
  const { availability, heard } = watched()
  t.equal(await availability.ask(answer), 'answer')
  t.equal(await availability.ask(async () => undefined), undefined)
  t.equal(availability.down, false)
  t.strictSame(heard, [])
})

t.test('an outage begins once and ends once, however many calls it meets', async (t) => {
  const { availability, heard } = watched()
  const results = await Promise.allSettled([availability.ask(fail), availability.ask(fail), availability.ask(fail)])
  t.ok(results.every(({ status }) => status === 'rejected'))
  t.equal(availability.down, true)
  await Promise.all([availability.ask(answer), availability.ask(answer)])
  t.equal(availability.down, false)
  await t.rejects(availability.ask(fail))
  t.strictSame(heard, [lost, 'up', lost])
})

t.test('the error says unavailable, and why', async (t) => {
  const { availability } = watched()
  await t.rejects(availability.ask(fail), { name: 'HoldfastError', code: 'HOLDFAST_BACKEND_UNAVAILABLE', cause: lost })
  await t.rejects(availability.ask(() => { throw lost }), { code: 'HOLDFAST_BACKEND_UNAVAILABLE', cause: lost })
})

t.test('a backend that says so itself is down', async (t) => {
  const { availability, heard } = watched()
  const own = new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE')
  await t.rejects(availability.ask(async () => { throw own }), { code: 'HOLDFAST_BACKEND_UNAVAILABLE', cause: own })
  t.strictSame(heard, [own])
})

t.test('a coded refusal is an answer and no outage', async (t) => {
  const { availability, heard } = watched()
  const full = new HoldfastError('HOLDFAST_BACKEND_FULL')
  await t.rejects(availability.ask(async () => { throw full }), full)
  t.equal(availability.down, false)
  t.strictSame(heard, [])
})
