import type { Contender } from './contender.js'
import { modernContenders } from './modern-contenders.js'

/** Who runs, by the name that `--only` takes. Each loads nothing of the others. */
export const contenders = {
  'holdfast-json': {
    title: 'Holdfast on Fastify, `auto`',
    mode: 'json',
    client: 'session',
    start: async () => (await import('./holdfast.js')).onHoldfast('auto')
  },
  'holdfast-sse': {
    title: 'Holdfast on Fastify, `sse`',
    mode: 'sse',
    client: 'session',
    start: async () => (await import('./holdfast.js')).onHoldfast('sse')
  },
  'holdfast-redis-json': {
    title: 'Holdfast on Fastify and Redis, sealed, `auto`',
    mode: 'json',
    client: 'session',
    redis: true,
    start: async (redis) => (await import('./holdfast-redis.js')).onHoldfastRedis(redis, 'auto')
  },
  'holdfast-redis-plain': {
    title: 'Holdfast on Fastify and Redis, not sealed, `auto`',
    mode: 'json',
    client: 'session',
    redis: true,
    start: async (redis) => (await import('./holdfast-redis.js')).onHoldfastRedis(redis, 'auto', 'none')
  },
  'holdfast-redis-sse': {
    title: 'Holdfast on Fastify and Redis, sealed, `sse`',
    mode: 'sse',
    client: 'session',
    redis: true,
    start: async (redis) => (await import('./holdfast-redis.js')).onHoldfastRedis(redis, 'sse')
  },
  'holdfast-sqlite-json': {
    title: 'Holdfast on Fastify and a file, sealed, `auto`',
    mode: 'json',
    client: 'session',
    start: async () => (await import('./holdfast-sqlite.js')).onHoldfastSqlite('auto')
  },
  'holdfast-sqlite-sse': {
    title: 'Holdfast on Fastify and a file, sealed, `sse`',
    mode: 'sse',
    client: 'session',
    start: async () => (await import('./holdfast-sqlite.js')).onHoldfastSqlite('sse')
  },
  'sdk-fastify-json': {
    title: 'SDK transport on Fastify, JSON',
    mode: 'json',
    client: 'session',
    start: async () => (await import('./sdk-fastify.js')).sdkFastify('json')
  },
  'sdk-fastify-sse': {
    title: 'SDK transport on Fastify, SSE',
    mode: 'sse',
    client: 'session',
    start: async () => (await import('./sdk-fastify.js')).sdkFastify('sse')
  },
  'sdk-express-json': {
    title: 'SDK transport on Express, JSON',
    mode: 'json',
    client: 'session',
    start: async () => (await import('./sdk-express.js')).sdkExpress('json')
  },
  'sdk-express-sse': {
    title: 'SDK transport on Express, SSE',
    mode: 'sse',
    client: 'session',
    start: async () => (await import('./sdk-express.js')).sdkExpress('sse')
  },
  ...modernContenders,
  lean: {
    title: 'SDK server on Fastify, bare',
    mode: 'json',
    client: 'session',
    start: async () => (await import('./lean.js')).leanTransport()
  },
  'bare-fastify': {
    title: 'Bare Fastify, no MCP',
    mode: 'json',
    client: 'bare',
    start: async () => (await import('./bare-fastify.js')).bareFastify()
  }
} satisfies Record<string, Contender>

export type ContenderName = keyof typeof contenders

export const contenderNames = Object.keys(contenders) as ContenderName[]
