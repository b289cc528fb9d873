import { readFileSync } from 'node:fs'

const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

const node = (...args) => [process.execPath, ...args]
const tsc = (...args) => node('node_modules/typescript/bin/tsc', ...args)

/** pnpm without having it installed: the version that package.json names. */
export const pnpm = (...args) => ['npx', '--yes', '--loglevel=error', packageManager, ...args]

/**
 * A step: `name`, what it `says` before it runs, and its `command`. `quiet` shows the output only when the step fails;
 * `counts` says that its last line has how many assertions there were. Steps with `aside` run, quietly and one after
 * the other, beside what follows them.
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
const world = {
  name: 'world',
  says: 'released clients and servers, with a lockfile of their own (1.4 GB; takes some minutes)',
  // Not `npm ci`: it refuses an optional dependency of vite for Windows that a registry may lack, and the lockfile too.
  command: [
    'npm', 'install', '--no-save', '--prefix', 'testing/world', '--ignore-scripts', '--legacy-peer-deps', '--no-audit',
    '--loglevel=error'
  ],
  quiet: true
}
const build = { name: 'build', says: 'tsc -b: packages, examples and tests', command: tsc('-b') }

/** Everything that CI does. What is marked `aside` uses one core while the tests wait. */
const check = [
  build,
  {
    name: 'lint',
    says: 'eslint',
    command: node('node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.'),
    aside: true
  },
  { name: 'hygiene', says: 'rules of this repository', command: node('tools/hygiene.js'), aside: true },
  {
    name: 'configuration',
    says: 'docs/configuration.md is what the schemas say',
    command: node('tools/configuration.js'),
    aside: true
  },
  {
    name: 'snippets',
    says: 'the code in READMEs and docs compiles, and the page installs what it imports',
    command: node('tools/snippets.js'),
    aside: true
  },
  { name: 'changesets', says: 'every package has its release note', command: node('tools/changesets.js'), aside: true },
  {
    name: 'packaging', says: 'publint and attw on the packed packages', command: node('tools/packaging.js'), aside: true
  },
  {
    name: 'tests',
    says: 'every test file, with the coverage of every package',
    command: node('tools/test.js', '.'),
    counts: true
  }
]

/** What `node tools/run.js <mode>` does: its steps, then `main` in the same process, with the remaining arguments. */
export const modes = {
  start: {
    steps: [install, {
      ...build, says: 'tsc -b: the packages and the example', command: tsc('-b', 'examples/reference-server')
    }],
    main: 'examples/reference-server/dist/start.js'
  },
  bench: { steps: [build], main: 'bench/dist/run.js' },
  test: { steps: [install, redisServer, ...check] },
  check: { steps: check },
  endurance: { steps: [install, redisServer, build], main: 'testing/endurance/dist/run.js' },
  world: { steps: [install, redisServer, build, world], main: 'testing/world/run.js' }
}
