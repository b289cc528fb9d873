import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checksOf, isMissed, packageDirectory, runConformance } from './run-conformance.js'

const SUITE = 'conformance-next'
const REVISION = '2026-07-28'

/** Scenarios that the suite runs and does not score, and that are left out here: the tasks extension is not served. */
const LEFT_OUT = /^tasks-/

/** Checks of `subscriptions/listen`, which is not served yet: a server that does not offer it may skip them. */
const SKIPPED: ReadonlySet<string> = new Set([
  'sep-2575-server-sends-subscription-ack',
  'sep-2575-server-tags-subscription-id',
  'sep-2575-server-honors-notification-filter',
  'sep-2575-server-sends-prompts-list-changed-on-subscription',
  'sep-2575-server-sends-tools-list-changed-on-subscription'
])

export interface ModernOutcome {
  /** Scenarios that count for conformance. */
  scored: number
  /** Checks that passed, without those of {@link LEFT_OUT}. */
  passed: number
  /** What is not as it must be, a line each. */
  problems: string[]
}

/**
 * Runs the requirements of revision 2026-07-28 against a server. Every check must pass, warnings and scenarios that the
 * suite does not score included, except those above.
 *
 * @param results an empty folder for the suite's files
 */
export async function modernConformance (results: string, url: URL): Promise<ModernOutcome> {
  const scored = await scoredScenarios()
  const outcome = await runConformance(results, SUITE, url, '--requirements', REVISION)
  const { code, output } = outcome
  const checks = checksOf(outcome).filter(({ scenario }) => !LEFT_OUT.test(scenario))
  const passed = checks.filter(({ status }) => status === 'SUCCESS')
  const proven = new Set(passed.map(({ scenario }) => scenario))
  const skipped = new Set(checks.filter(({ status }) => status === 'SKIPPED').map(({ id }) => id))
  const problems = [
    ...scored.filter(scenario => !proven.has(scenario)).map(scenario => `${scenario}: passed no check`),
    ...checks.filter(check => isMissed(check) && !(check.status === 'SKIPPED' && SKIPPED.has(check.id)))
      .map(({ scenario, id, status, errorMessage = '' }) => `${scenario}: ${id}: ${status}: ${errorMessage}`),
    ...[...SKIPPED].filter(id => !skipped.has(id)).map(id => `${id}: is not skipped any more`),
    ...(code === 0 ? [] : [`the suite ended with ${code}: ${output.slice(-2_000)}`])
  ]
  return { scored: scored.length, passed: passed.length, problems }
}

/** What the suite's list says under `server:`. */
async function scoredScenarios (): Promise<string[]> {
  const list = await readFile(join(packageDirectory(SUITE), 'requirements', `${REVISION}.yaml`), 'utf8')
  const [, names = ''] = /^server:\n((?: {2}- \S+\n)+)/m.exec(list) ?? []
  return [...names.matchAll(/- (\S+)/g)].map(([, name]) => name as string)
}
