import compress from '@fastify/compress'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import proxy from '@fastify/http-proxy'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import underPressure from '@fastify/under-pressure'
import websocket from '@fastify/websocket'
import t from 'tap'
import { type Plug, start } from './fixtures/start.js'
import { tracing } from './fixtures/tracing.js'
import { wholeSession } from './fixtures/whole-session.js'

interface Plugin {
  plug: Plug
  /** A header that it adds, and whether it adds it where it is registered after the plugin, too. */
  adds?: { header: string, value: RegExp, after: boolean }
}

/** Plugins as an application registers them. */
const PLUGINS: Record<string, Plugin> = {
  compress: {
    plug: async app => { await app.register(compress) },
    adds: { header: 'content-encoding', value: /^(br|gzip|deflate|zstd)$/, after: false }
  },
  cors: {
    plug: async app => { await app.register(cors) },
    adds: { header: 'access-control-allow-origin', value: /^\*$/, after: true }
  },
  helmet: {
    plug: async app => { await app.register(helmet) },
    adds: { header: 'content-security-policy', value: /^default-src/, after: true }
  },
  'http-proxy': {
    plug: async app => { await app.register(proxy, { upstream: 'http://127.0.0.1:9', prefix: '/theirs' }) }
  },
  jwt: { plug: async app => { await app.register(jwt, { secret: 'a secret of a test' }) } },
  otel: { plug: async app => { await tracing().plug(app) } },
  'rate-limit': {
    plug: async app => { await app.register(rateLimit) },
    adds: { header: 'x-ratelimit-limit', value: /^1000$/, after: false }
  },
  swagger: { plug: async app => { await app.register(swagger) } },
  'under-pressure': { plug: async app => { await app.register(underPressure) } },
  websocket: { plug: async app => { await app.register(websocket) } }
}

for (const [name, { plug, adds }] of Object.entries(PLUGINS)) {
  for (const order of ['before', 'after'] as const) {
    t.test(`a session is whole where @fastify/${name} is registered ${order} the plugin`, async t => {
      const { app, url } = await start(t, { [order]: plug })
      const { answers } = await wholeSession(t, url)
      if (adds !== undefined) {
        const { header, value, after } = adds
        const shown = answers.flatMap(({ headers }) => headers.get(header) ?? [])
        if (order === 'before' || after) t.match(shown[0], value, `it adds ${header}`)
        else t.strictSame(shown, [], `it does not add ${header}`)
      }
      await app.close()
    })
  }
}

t.test('a session is whole with all of them at once', async t => {
  const { app, url } = await start(t, {
    before: async app => { for (const { plug } of Object.values(PLUGINS)) await plug(app) }
  })
  await wholeSession(t, url)
  await app.close()
})
