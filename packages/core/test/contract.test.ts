import t from 'tap'
import { checks, onPartition, runContract } from '../dist/contract/index.js'
import { harness } from './fixtures/harness.js'

t.test('the reference backend keeps the contract', async (t) => {
  runContract((name, run) => t.test(name, run), harness())
})

t.test('a partition of it keeps the contract', async (t) => {
  runContract((name, run) => t.test(name, run), onPartition(harness()))
})

t.test('the names of the checks are unique', async (t) => {
  const names = checks.map(({ group, name }) => `${group}: ${name}`)
  t.equal(new Set(names).size, names.length)
})

t.test('checks that stand on the millisecond are left out where the clock is real', async (t) => {
  const [exact, real]: [string[], string[]] = [[], []]
  runContract((name) => exact.push(name), harness())
  runContract((name) => real.push(name), { ...harness(), exactClock: false })
  t.ok(real.length < exact.length)
  t.equal(exact.length, checks.length)
})
