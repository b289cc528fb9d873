import { type ChildServer, startChildServer } from '@holdfast/reference-server/child-server'
import type { Kind } from './kinds.js'

/** The program of a server of both eras. It takes the variables of the reference server, and `MODERN_SERVER`. */
export const ENTRY = new URL('../dist/server.js', import.meta.url)

/** Starts a server of both eras, in memory. */
export async function startServer (kind: Kind, environment: Record<string, string> = {}): Promise<ChildServer> {
  return await startChildServer({ HOLDFAST_BACKEND: 'memory', MODERN_SERVER: kind, ...environment }, ENTRY)
}
