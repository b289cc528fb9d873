import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

const node = (...args) => [process.execPath, ...args]
const tsc = (...args) => node('node_modules/typescript/bin/tsc', ...args)

/** pnpm without having it installed: the version that package.json names. */
export const pnpm = (...args) => ['npx', '--yes', '--loglevel=error', packageManager, ...args]

/**
 * A step: `name`, what it `says` before it runs, and its `command`. `quiet` shows the output only when the step fails;
 * `tap` counts the assertions in it.
 */
const install = {
  name: 'install',
  says: 'the locked dependencies, with pnpm (the first time takes a minute)',
  command: pnpm('install', '--frozen-lockfile'),
  quiet: true
}
const redisServer = {
  name: 'redis',
  says: 'a redis-server for the tests; installed with apt-get where that may be done',
  command: node('tools/redis-server.js')
}
const build = { name: 'build', says: 'tsc -b', command: tsc('-b') }

/** Everything that CI does. */
const check = [
  build,
  { name: 'types', says: 'tests, type tests and examples', command: tsc('-p', 'tsconfig.check.json') },
  { name: 'lint', says: 'eslint', command: node('node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.') },
  { name: 'hygiene', says: 'rules of this repository', command: node('tools/hygiene.js') },
  { name: 'configuration', says: 'docs/configuration.md is what the schemas say', command: node('tools/configuration.js') },
  { name: 'changesets', says: 'every package has its release note', command: node('tools/changesets.js') },
  {
    name: 'tests',
    says: 'tap in every package, with coverage',
    command: pnpm('-r', '--workspace-concurrency=1', '--stream', 'test'),
    // One file more than there are cores: they wait as often as they compute.
    env: { TAP_REPORTER: 'tap', TAP_TIMEOUT: '240', TAP_JOBS: `${availableParallelism() + 1}` },
    tap: true
  },
  { name: 'packaging', says: 'publint and attw on the packed packages', command: node('tools/packaging.js') }
]

/** What `node tools/run.js <mode>` does: its steps, then `main` in the same process, with the remaining arguments. */
export const modes = {
  start: {
    steps: [install, { ...build, command: tsc('-b', 'examples/reference-server') }],
    main: 'examples/reference-server/dist/start.js'
  },
  bench: { steps: [build], main: 'bench/dist/run.js' },
  test: { steps: [install, redisServer, ...check] },
  check: { steps: check },
  endurance: { steps: [install, redisServer, build], main: 'testing/endurance/dist/run.js' }
}
