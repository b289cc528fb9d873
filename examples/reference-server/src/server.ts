import { buildApp } from './app.js'
import { readEnvironment } from './environment.js'
import { closeOnSignals } from './shutdown.js'
import { withStorage } from './storage-defaults.js'

try {
  const settings = readEnvironment(await withStorage(process.env))
  const { own: { host, port }, options } = settings
  const app = await buildApp(settings)
  const address = await app.listen({ host, port })
  closeOnSignals(app, options.shutdown, report)
  console.log(`listening on ${address}${options.path ?? '/mcp'}`)
} catch (error) {
  report(error)
  process.exit(1)
}

function report (error: unknown): void {
  const understood = error instanceof Error && 'code' in error
  console.error(understood ? error.message : error)
}
