import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What an installed suite found. */
export interface Outcome {
  code: number
  /** All that the suite printed. */
  output: string
  /** How many scenarios it set out to run. */
  announced: number
  /** By scenario, what each check found. */
  scenarios: Record<string, Check[]>
}

export interface Check {
  id: string
  status: string
  errorMessage?: string
}

/**
 * Runs an installed conformance suite against a server, and reads the result files it writes.
 *
 * @param results an empty folder for these files
 */
export async function runConformance (results: string, suite: string, url: URL, ...args: string[]): Promise<Outcome> {
  const entry = join(packageDirectory(suite), 'dist/index.js')
  const [command, ...prefix] = node22()
  const child = spawn(command, [...prefix, entry, 'server', '--url', url.href, '--output-dir', results, ...args], {
    // npm looks for nothing of this workspace, and the coverage of the suite is of no interest.
    cwd: tmpdir(),
    env: { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => { output += text })
  }
  const [code] = await once(child, 'close')

  const scenarios: Outcome['scenarios'] = {}
  for (const directory of await readdir(results)) {
    const checks = JSON.parse(await readFile(join(results, directory, 'checks.json'), 'utf8')) as Check[]
    scenarios[/^server-(.*)-\d{4}-\d\d-\d\dT/.exec(directory)?.[1] ?? directory] = checks
  }
  return { code, output, announced: Number(/\((\d+) scenarios\)/.exec(output)?.[1]), scenarios }
}

/** Checks with the name of their scenario. */
export function checksOf ({ scenarios }: Pick<Outcome, 'scenarios'>): Array<Check & { scenario: string }> {
  return Object.entries(scenarios).flatMap(([scenario, checks]) => checks.map(check => ({ scenario, ...check })))
}

/** What a server did not do: SKIPPED, WARNING and FAILURE. INFO is what the suite tells of its own steps. */
export function isMissed ({ status }: Check): boolean {
  return status !== 'SUCCESS' && status !== 'INFO'
}

/** The suites need Node 22 or newer; where this is an older one, the npm package `node` brings it. */
function node22 (): [command: string, ...args: string[]] {
  if (Number(process.versions.node.split('.')[0]) >= 22) return [process.execPath]
  return ['npm', 'exec', '--yes', '--package=node@22', '--', 'node']
}

/** The suites export nothing, so they are found by their directory. */
export function packageDirectory (name: string): string {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? []
  const found = paths.map(path => join(path, name)).find(path => existsSync(path))
  if (found === undefined) throw new Error(`${name} is not installed`)
  return found
}
