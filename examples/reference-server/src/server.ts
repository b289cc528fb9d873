import { buildApp } from './app.js'
import { readEnvironment } from './environment.js'

try {
  const settings = readEnvironment(process.env)
  const app = await buildApp(settings)
  const address = await app.listen({ host: settings.host, port: settings.port })
  for (const signal of ['SIGINT', 'SIGTERM']) {
    // Once: a second signal ends the process at once, as it does by default.
    process.once(signal, () => { app.close().then(() => process.exit(0), fail) })
  }
  console.log(`listening on ${address}/mcp`)
} catch (error) {
  fail(error)
}

function fail (error: unknown): never {
  const understood = error instanceof Error && 'code' in error
  console.error(understood ? error.message : error)
  process.exit(1)
}
