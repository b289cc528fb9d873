import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modernConformance } from '@holdfast/clients/modern-conformance'
import { checksOf, isMissed, runConformance } from '@holdfast/clients/run-conformance'
import { KINDS } from '@holdfast/two-eras/kinds'
import { type ModernFleet, withModernFleet } from '../modern-fleet.js'
import type { Scenario } from '../scenario.js'

/** What the sessions must still be. */
const EARLIER = [
  ['conformance-next', '--requirements', '2025-11-25'],
  ['@modelcontextprotocol/conformance', '--suite', 'active']
] as const

export const modernConformanceScenario: Scenario = {
  promise: 'every check of the requirements 2026-07-28 passes on three replicas, and those of the sessions beside it',
  figures: '37 scored scenarios and two suites for sessions, through a round-robin proxy, ' +
    'with servers of SDK v1 behind the bridge and with a shared server of SDK v2',
  deadline: 15,
  run: async trial => {
    const found: string[] = []
    for (const kind of KINDS) {
      const counts = await withModernFleet(kind, {}, async fleet => await passedIn(fleet))
      found.push(`${kind}: ${counts.join(' + ')} checks passed`)
      trial.tell(found.at(-1) as string)
    }
    return found.join('; ')
  }
}

async function passedIn ({ url }: ModernFleet): Promise<number[]> {
  const { scored, passed, problems } = await modernConformance(await folder(), url)
  assert.deepEqual(problems, [])
  assert.equal(scored, 37)
  const counts = [passed]
  for (const [suite, ...args] of EARLIER) {
    const outcome = await runConformance(await folder(), suite, url, ...args)
    const checks = checksOf(outcome)
    assert.deepEqual(checks.filter(isMissed), [], suite)
    assert.equal(outcome.code, 0, outcome.output)
    counts.push(checks.filter(({ status }) => status === 'SUCCESS').length)
  }
  return counts
}

async function folder (): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'results-'))
}
