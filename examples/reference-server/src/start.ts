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
  console.log(`
Now the server with your own settings, until Ctrl-C. If they say nothing of storage, its sessions are in
.holdfast/sessions, sealed with the keys in .holdfast/keys: made once, mode 0600, ignored by git. In production,
HOLDFAST_SQLITE names the file, and HOLDFAST_KEYS comes from a secret store.`)
  await import('./server.js')
}
