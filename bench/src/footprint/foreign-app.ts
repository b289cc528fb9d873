import fastify from 'fastify'
import holdfast from '@holdfast/fastify'
import { answer } from '../child.js'
import { echoServer } from '../throughput/echo-server.js'
import { listen } from '../throughput/listen.js'

// A server whose sessions have owners, and which writes a log. It takes the principal from a header, as no application
// must.
answer({
  start: async () => {
    const app = fastify({ logger: { file: '/dev/null' }, disableRequestLogging: true })
    await app.register(holdfast, {
      createServer: (_session, { serverOptions }) => echoServer(serverOptions),
      principal: ({ headers }) => typeof headers.user === 'string' ? { subject: headers.user } : null
    })
    return await listen(app)
  }
})
