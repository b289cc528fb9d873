// node testing/world/run.js [--write] [client…]: drives clients against the reference server; needs a build.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { RedisServer } from '../real-redis/dist/index.js'
import { CLIENTS } from './src/clients.js'
import { nodeVersion } from './src/driven-client.js'
import { page, tables } from './src/page.js'
import { tryClient } from './src/try-client.js'

const PAGE = new URL('../../docs/clients.md', import.meta.url)

const { values: { write }, positionals } = parseArgs({
  args: process.argv.slice(2), allowPositionals: true, options: { write: { type: 'boolean', default: false } }
})
const names = positionals.length > 0 ? positionals : CLIENTS
const unknown = names.filter(name => !CLIENTS.includes(name))
if (unknown.length > 0 || (write && positionals.length > 0)) {
  console.error(`usage: npm run test:world -- --write | [${CLIENTS.join(' | ')}]…`)
  process.exit(2)
}

const results = {}
const redis = await RedisServer.start()
try {
  for (const name of names) {
    console.log(`\n→ ${name}`)
    results[name] = await tryClient(name, redis)
    for (const line of told(results[name])) console.log(`  ${line}`)
  }
} finally {
  await redis.stop()
}

if (write) writeFileSync(PAGE, page(results, { date: new Date().toISOString().slice(0, 10), node: nodeVersion() }))
const lines = readFileSync(PAGE, 'utf8').split('\n')
const changed = tables(results).flatMap(({ title, rows }) =>
  Object.entries(rows).filter(([, row]) => !lines.includes(row)).map(([name, row]) => `${name}: ${title}\n  ${row}`))
if (changed.length > 0) console.log(`\nNot as docs/clients.md says:\n${changed.join('\n')}`)
console.log(`\n${names.length} clients; ${changed.length} rows are not as docs/clients.md says`)
process.exitCode = changed.length > 0 ? 1 : 0

function told (found) {
  return Object.entries(found).map(([what, outcomes]) => `${what}: ` + Object.entries(outcomes)
    .map(([name, { is, why }]) => `${name} ${is}${why === undefined ? '' : ` (${why.replace(/[\w-]{20,}/g, '…').slice(0, 200)})`}`).join(', '))
}
