import { parseArgs } from 'node:util'
import { play } from './play.js'

// `--sqlite`: the replicas share a file in place of a Redis.
const { values: { sqlite } } = parseArgs({ options: { sqlite: { type: 'boolean', default: false } } })

try {
  await play(sqlite ? 'sqlite' : 'redis', console.log)
} catch (error) {
  console.error(`  ✗ ${error instanceof Error ? error.message : String(error)}\n\nThe self-check failed.`)
  process.exit(1)
}
