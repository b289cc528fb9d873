import { parseArgs } from 'node:util'
import { selfCheck } from './self-check.js'

// `npm start`: a story that checks itself, then the server with the environment it was given; `--once`: only the story.
const { values: { once } } = parseArgs({ options: { once: { type: 'boolean', default: false } } })

try {
  await selfCheck(console.log)
} catch (error) {
  console.error(`  ✗ ${error instanceof Error ? error.message : String(error)}\n\nThe self-check failed.`)
  process.exit(1)
}

if (!once) {
  console.log('\nNow the server with your own settings, until Ctrl-C:')
  await import('./server.js')
}
