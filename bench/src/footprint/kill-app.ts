import fastify from 'fastify'
import holdfast from '@holdfast/fastify'
import { sqlite } from '@holdfast/sqlite'
import { answer } from '../child.js'
import { echoServer } from '../throughput/echo-server.js'
import { listen } from '../throughput/listen.js'
import { fill } from './fill.js'

// A server whose sessions are in a file, as it is started before and after a kill.
answer({
  async start ({ path, keys, records }: { path: string, keys: string, records: number }) {
    const started = performance.now()
    const backend = sqlite({ path, maxBytes: Infinity })
    await backend.ping()
    const opened = performance.now() - started
    await fill(backend.records, records)
    const app = fastify()
    await app.register(holdfast, {
      createServer: (_session, { serverOptions }) => echoServer(serverOptions),
      backend,
      keys,
      limits: { maxSessions: 1e9 }
    })
    return { port: await listen(app), opened }
  }
})
