import t from 'tap'
import { type ContractCheck, checks } from '../dist/contract/index.js'
import { broken } from './fixtures/broken/index.js'
import { harness } from './fixtures/harness.js'
import type { Reference } from './fixtures/reference.js'

async function isNoticed (group: ContractCheck[], alter: (reference: Reference) => void): Promise<boolean> {
  for (const check of group) {
    try {
      await check.run(harness(alter))
    } catch {
      return true
    }
  }
  return false
}

for (const [name, breakages] of Object.entries(broken)) {
  t.test(`${name}: every broken backend is noticed`, async (t) => {
    const group = checks.filter((check) => check.group === name)
    for (const [rule, alter] of Object.entries(breakages)) t.ok(await isNoticed(group, alter), rule)
  })
}

t.test('every group of checks notices something', async (t) => {
  t.strictSame([...new Set(checks.map(({ group }) => group))].toSorted(), Object.keys(broken).toSorted())
})
