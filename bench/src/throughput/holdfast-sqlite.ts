import { join } from 'node:path'
import fastify from 'fastify'
import holdfast, { generateKey } from '@holdfast/fastify'
import { sqlite } from '@holdfast/sqlite'
import { folderOfProcess } from '../folder.js'
import { echoServer } from './echo-server.js'
import { listen } from './listen.js'

export async function onHoldfastSqlite (responseMode: 'auto' | 'sse'): Promise<number> {
  const app = fastify()
  await app.register(holdfast, {
    createServer: (_session, { serverOptions }) => echoServer(serverOptions),
    backend: sqlite({ path: join(folderOfProcess(), 'sessions.db') }),
    responseMode,
    keys: generateKey('k1')
  })
  return await listen(app)
}
