import type { FastifyInstance } from 'fastify'

/**
 * Reads a value that Fastify keeps under a private symbol, because there is no public way to it. Returns `otherwise`
 * with a version of Fastify that keeps the value elsewhere.
 */
export function keptByFastify<T> (app: FastifyInstance, description: `fastify.${string}`, otherwise: T): T {
  for (let level: object | null = app; level !== null; level = Object.getPrototypeOf(level)) {
    const key = Object.getOwnPropertySymbols(level).find(symbol => symbol.description === description)
    if (key !== undefined) return (level as Record<symbol, T>)[key] as T
  }
  return otherwise
}
