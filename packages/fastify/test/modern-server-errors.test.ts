import Fastify from 'fastify'
import t from 'tap'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import holdfast, { type HoldfastOptions } from '../dist/index.js'
import { serving } from './fixtures/tools.js'

async function failure (server: unknown): Promise<any> {
  const app = Fastify()
  try {
    await app.register(holdfast, { createServer: serving(), modern: { server } } as unknown as HoldfastOptions)
    await app.ready()
  } catch (error) {
    return error
  } finally {
    await app.close()
  }
}

t.test('a function in modern.server that cannot be used says which option it is and what to do', async t => {
  const code = 'HOLDFAST_FACTORY_FAILED'
  const forSessions = (session: unknown, { serverOptions }: any): McpServer =>
    new McpServer({ name: 's', version: '1' }, serverOptions)
  t.match(await failure(forSessions), { code, message: /^modern\.server threw .*one argument/, cause: TypeError })
  t.match(await failure(() => {}), { code, message: /^the function for the shared server returned no server/ })
  t.match(await failure(() => new McpServer({ name: 'v1', version: '1' })), { code, message: /SDK v1.*modern: 'auto'/ })
})
