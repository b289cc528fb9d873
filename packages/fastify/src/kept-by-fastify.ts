import type { FastifyInstance } from 'fastify'

/** What Fastify keeps for itself under a symbol, for want of another way to it; undefined where a version keeps it elsewhere. */
export function keptByFastify (app: FastifyInstance, description: `fastify.${string}`): unknown {
  for (let level: object | null = app; level !== null; level = Object.getPrototypeOf(level)) {
    const key = Object.getOwnPropertySymbols(level).find(symbol => symbol.description === description)
    if (key !== undefined) return (level as Record<symbol, unknown>)[key]
  }
  return undefined
}
