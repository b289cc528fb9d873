import { parseArgs } from 'node:util'
import { selfCheck } from './self-check.js'

// `npm start`: a story that checks itself, then the server with the environment it was given; `--once`: only the story.
const { values: { once } } = parseArgs({ options: { once: { type: 'boolean', default: false } } })

// The story's server ends with this process, also when a signal ends it.
const interrupted = (): never => process.exit(1)
process.on('SIGINT', interrupted).on('SIGTERM', interrupted)

try {
  await selfCheck(console.log)
} catch (error) {
  console.error(`  ✗ ${error instanceof Error ? error.message : String(error)}\n\nThe self-check failed.`)
  process.exit(1)
}

process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
if (!once) {
  console.log('\nNow the server with your own settings, until Ctrl-C:')
  await import('./server.js')
}
