// node testing/newest-sdk/run.js [range]: the tests of the shared server and of requestState against the newest
// @modelcontextprotocol/server that the registry has in a range, by default 2.x. A shared server relies on how
// `connect` of the SDK binds a server to a revision: this shows the day on which that changes. Needs npm.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NAME = '@modelcontextprotocol/server'
const TESTS = ['shared-server', 'request-state']
/** Milliseconds for npm, for the build, and for each test. */
const LIMITS = { install: 180_000, build: 300_000, test: 180_000 }

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
const [range = '^2.4.0'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'holdfast-newest-sdk-'))
try {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'packages/modern/test'], {
    stdio: 'inherit', timeout: LIMITS.build
  })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-online']
  execFileSync('npm', ['install', ...options, `${NAME}@${range}`], {
    cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], timeout: LIMITS.install
  })
  const { version } = JSON.parse(readFileSync(join(folder, 'node_modules', NAME, 'package.json'), 'utf8'))
  console.log(`${NAME} ${version}`)
  for (const name of TESTS) {
    // Not by tools/test.js: a flag that it needs does not go together with hooks of modules in Node 20.
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      '--enable-source-maps', '--import', new URL('register.js', import.meta.url).href,
      `packages/modern/dist-test/${name}.test.js`
    ], { encoding: 'utf8', timeout: LIMITS.test, env: { ...process.env, TAP: '1', HOLDFAST_NEWEST_SDK: folder } })
    console.log(`${status === 0 ? 'ok' : 'not ok'} - ${name}`)
    if (status === 0) continue
    process.exitCode = 1
    process.stdout.write(stdout + stderr)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
