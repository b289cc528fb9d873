// Makes sure that there is a redis-server for the tests: installs Debian's where this may be done, or says how to.
import { spawnSync } from 'node:child_process'

const packages = ['redis-server', 'redis-sentinel']
const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`

if (missing().length === 0) {
  console.log(version())
} else if (process.getuid?.() === 0 && works('apt-get', '--version')) {
  console.log(`not found: ${missing().join(', ')}; installing with: ${command}`)
  // What a package starts by itself would run beside the tests.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const args of ['apt-get update -qq', command]) {
    const [file, ...rest] = args.split(' ')
    const { status, stdout, stderr } = spawnSync(file, rest, { env, encoding: 'utf8' })
    if (status !== 0) fail(`${args} failed:\n${stdout}${stderr}`)
  }
  if (missing().length > 0) fail(`still not found: ${missing().join(', ')}`)
  console.log(`installed: ${version()}`)
} else {
  fail(`The tests need ${missing().join(' and ')}. Install: ${command}`)
}

function missing () {
  return packages.filter(name => !works(name, '--version'))
}

function works (file, ...args) {
  return spawnSync(file, args).status === 0
}

function version () {
  return spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout.trim()
}

function fail (text) {
  console.error(text)
  process.exit(1)
}
