import { readFileSync, writeFileSync } from 'node:fs'
import { CANNOT } from './judge.js'
import { page } from './page.js'
import { released } from './versions.js'

const STORED = new URL('../results.json', import.meta.url)
const PAGE = new URL('../../../docs/clients.md', import.meta.url)

/** What is known of each client: `{ [client]: { title, date, node, seen } }`, in the order of their names. */
export function readResults () {
  return JSON.parse(readFileSync(STORED, 'utf8'))
}

/** Keeps what was seen of some clients beside what is known of the others, and writes `docs/clients.md`. */
export function writeResults (seenNow, node) {
  const date = new Date().toISOString().slice(0, 10)
  const results = readResults()
  for (const [client, seen] of Object.entries(seenNow)) {
    results[client] = { title: released(client), date, node, seen: forEach(seen, found => forEach(found, kept)) }
  }
  const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => a < b ? -1 : 1))
  writeFileSync(STORED, `${JSON.stringify(sorted, null, 2)}\n`)
  writeFileSync(PAGE, page(sorted))
}

/** A line for each thing that a client did otherwise than what is known of it. */
export function differences (client, seen) {
  const known = readResults()[client]?.seen
  return Object.entries(seen).flatMap(([what, outcomes]) => Object.entries(outcomes)
    .filter(([name, { is }]) => known?.[what]?.[name]?.is !== is)
    .map(([name, { is }]) => `${client}: ${what}: ${name}: ${is}, and was: ${known?.[what]?.[name]?.is ?? 'unknown'}`))
}

function forEach (object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]).sort(([a], [b]) =>
    a < b ? -1 : 1))
}

// Messages of errors have what changes from run to run.
function kept ({ is, why }) {
  return is === CANNOT ? { is, why } : { is }
}
