import fastify from 'fastify'
import holdfast, { file } from '../../../packages/fastify/dist/index.js'

/**
 * Serves somebody else's server with Holdfast, in a process that its parent started and ends with SIGTERM. The parent
 * is told `{ url }`, and `{ made }` for each server object.
 *
 * @param {Function} createServer as the option of the plugin
 */
export async function serveServer (createServer) {
  const { PORT, SNAPSHOT, MAX_LIVE } = process.env
  let made = 0
  const app = fastify({ requestTimeout: 60_000, logger: { level: 'warn', stream: process.stderr } })
  await app.register(holdfast, {
    createServer: async (session, shared) => {
      const server = await createServer(session, shared)
      process.send({ made: ++made })
      return server
    },
    live: { max: Number(MAX_LIVE) },
    // Sealed with HOLDFAST_KEYS.
    snapshot: file(SNAPSHOT)
  })
  process.once('SIGTERM', async () => {
    await app.close()
    process.exit()
  })
  process.send({ url: `${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}/mcp` })
}
