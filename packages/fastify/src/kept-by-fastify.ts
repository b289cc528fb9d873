import type { FastifyInstance } from 'fastify'

/** What Fastify keeps for itself under a symbol, for want of another way to it; `otherwise` where a version keeps it elsewhere. */
export function keptByFastify<T> (app: FastifyInstance, description: `fastify.${string}`, otherwise: T): T {
  for (let level: object | null = app; level !== null; level = Object.getPrototypeOf(level)) {
    const key = Object.getOwnPropertySymbols(level).find(symbol => symbol.description === description)
    if (key !== undefined) return (level as Record<symbol, T>)[key] as T
  }
  return otherwise
}
