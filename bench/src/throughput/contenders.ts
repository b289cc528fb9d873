/** How a contender answers a short call. */
export type Mode = 'json' | 'sse'

export interface Contender {
  title: string
  mode: Mode
  /** Speaks MCP, so it needs sessions. */
  sessions: boolean
  /** Needs a Redis. */
  redis?: true
  /** Starts it in this process, on the Redis of this URL if it needs one. Resolves to its port. */
  start: (redis: string) => Promise<number>
}

/** Who runs, by the name that `--only` takes. Each loads nothing of the others. */
export const contenders = {
  'holdfast-json': {
    title: 'Holdfast on Fastify, `auto`',
    mode: 'json',
    sessions: true,
    start: async () => (await import('./holdfast.js')).onHoldfast('auto')
  },
  'holdfast-sse': {
    title: 'Holdfast on Fastify, `sse`',
    mode: 'sse',
    sessions: true,
    start: async () => (await import('./holdfast.js')).onHoldfast('sse')
  },
  'holdfast-redis-json': {
    title: 'Holdfast on Fastify and Redis, sealed, `auto`',
    mode: 'json',
    sessions: true,
    redis: true,
    start: async (redis) => (await import('./holdfast-redis.js')).onHoldfastRedis(redis, 'auto')
  },
  'holdfast-redis-plain': {
    title: 'Holdfast on Fastify and Redis, not sealed, `auto`',
    mode: 'json',
    sessions: true,
    redis: true,
    start: async (redis) => (await import('./holdfast-redis.js')).onHoldfastRedis(redis, 'auto', 'none')
  },
  'holdfast-redis-sse': {
    title: 'Holdfast on Fastify and Redis, sealed, `sse`',
    mode: 'sse',
    sessions: true,
    redis: true,
    start: async (redis) => (await import('./holdfast-redis.js')).onHoldfastRedis(redis, 'sse')
  },
  'holdfast-sqlite-json': {
    title: 'Holdfast on Fastify and a file, sealed, `auto`',
    mode: 'json',
    sessions: true,
    start: async () => (await import('./holdfast-sqlite.js')).onHoldfastSqlite('auto')
  },
  'holdfast-sqlite-sse': {
    title: 'Holdfast on Fastify and a file, sealed, `sse`',
    mode: 'sse',
    sessions: true,
    start: async () => (await import('./holdfast-sqlite.js')).onHoldfastSqlite('sse')
  },
  'sdk-fastify-json': {
    title: 'SDK transport on Fastify, JSON',
    mode: 'json',
    sessions: true,
    start: async () => (await import('./sdk-fastify.js')).sdkFastify('json')
  },
  'sdk-fastify-sse': {
    title: 'SDK transport on Fastify, SSE',
    mode: 'sse',
    sessions: true,
    start: async () => (await import('./sdk-fastify.js')).sdkFastify('sse')
  },
  'sdk-express-json': {
    title: 'SDK transport on Express, JSON',
    mode: 'json',
    sessions: true,
    start: async () => (await import('./sdk-express.js')).sdkExpress('json')
  },
  'sdk-express-sse': {
    title: 'SDK transport on Express, SSE',
    mode: 'sse',
    sessions: true,
    start: async () => (await import('./sdk-express.js')).sdkExpress('sse')
  },
  lean: {
    title: 'SDK server on Fastify, bare',
    mode: 'json',
    sessions: true,
    start: async () => (await import('./lean.js')).leanTransport()
  },
  'bare-fastify': {
    title: 'Bare Fastify, no MCP',
    mode: 'json',
    sessions: false,
    start: async () => (await import('./bare-fastify.js')).bareFastify()
  }
} satisfies Record<string, Contender>

export type ContenderName = keyof typeof contenders

export const contenderNames = Object.keys(contenders) as ContenderName[]
