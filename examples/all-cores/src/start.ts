import { play } from './play.js'

try {
  await play(console.log)
} catch (error) {
  console.error(`  ✗ ${error instanceof Error ? error.message : String(error)}\n\nThe self-check failed.`)
  process.exit(1)
}
