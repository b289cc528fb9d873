import t from 'tap'
import { type Capability, type ContractCheck, checks, onPartition, runContract } from '../dist/contract/index.js'
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

t.test('a check is left out where the harness does not offer what it needs', async (t) => {
  const run = (offers: readonly Capability[]): string[] => {
    const names: string[] = []
    runContract((name) => names.push(name), { ...harness(), offers })
    return names
  }
  const all: Capability[] = ['exactClock', 'second', 'reopen']
  t.equal(run(all).length, checks.length)
  for (const left of all) {
    const expected = checks.filter(({ needs }) => !needs.includes(left)).map(({ group, name }) => `${group}: ${name}`)
    t.strictSame(run(all.filter((offered) => offered !== left)), expected)
    t.ok(expected.length < checks.length, left)
  }
})

t.test('a backend that claims more than its harness tries is noticed', async (t) => {
  const life = async (name: string, offers: readonly Capability[]): Promise<void> => {
    const check = checks.find((check) => check.name === name) as ContractCheck
    await check.run({ ...harness((reference) => { reference.durable = true }), offers })
  }
  await t.rejects(life('a shared backend is tried with two connections', ['reopen']), /it says that it is shared/)
  await t.rejects(life('a durable backend is opened again', ['second']), /it says that it is durable/)
  await t.resolves(life('a shared backend is tried with two connections', ['second']))
  await t.resolves(life('a durable backend is opened again', ['reopen']))
})
