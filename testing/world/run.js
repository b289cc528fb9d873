// node testing/world/run.js [--write] [client or server…]: drives clients against the reference server, and takes
// servers through dormancy and a restart. Needs a build, and what npm installs here.
import { parseArgs } from 'node:util'
import { RedisServer } from '../real-redis/dist/index.js'
import { CLIENTS } from './src/clients.js'
import { nodeVersion } from './src/driven-client.js'
import { differences, writeResults } from './src/results.js'
import { tryClient } from './src/try-client.js'
import { SERVERS, tryServer } from './src/try-server.js'

const { values: { write }, positionals } = parseArgs({
  args: process.argv.slice(2), allowPositionals: true, options: { write: { type: 'boolean', default: false } }
})
const known = [...CLIENTS, ...Object.keys(SERVERS)]
if (positionals.some(name => !known.includes(name))) {
  console.error(`usage: npm run test:world -- [--write] [${known.join(' | ')}]…`)
  process.exit(2)
}
const names = positionals.length > 0 ? positionals : known

const results = {}
const redis = await RedisServer.start()
try {
  for (const name of CLIENTS.filter(name => names.includes(name))) {
    console.log(`\n→ ${name}`)
    results[name] = await tryClient(name, redis)
    for (const line of told(results[name])) console.log(`  ${line}`)
  }
} finally {
  await redis.stop()
}

const failed = []
for (const name of Object.keys(SERVERS).filter(name => names.includes(name))) {
  console.log(`\n→ ${name}`)
  const seen = await tryServer(name).catch(error => {
    failed.push(name)
    return `FAILED: ${error.stack}`
  })
  console.log(`  ${seen}`)
}

if (write) writeResults(results, nodeVersion())
const changed = Object.entries(results).flatMap(([client, seen]) => differences(client, seen))
if (changed.length > 0) console.log(`\nNot as docs/clients.md says:\n${changed.join('\n')}`)
console.log(`\n${names.length} tried; ${changed.length} things are not as docs/clients.md says; ` +
  `servers that failed: ${failed.join(', ') || 'none'}`)
process.exitCode = changed.length + failed.length > 0 ? 1 : 0

function told (seen) {
  return Object.entries(seen).map(([what, outcomes]) => `${what}: ${Object.entries(outcomes).map(outcome).join(', ')}`)
}

function outcome ([name, { is, why }]) {
  // Long words may be ids.
  return why === undefined ? `${name} ${is}` : `${name} ${is} (${why.replaceAll(/[\w-]{20,}/g, '…').slice(0, 200)})`
}
