import { randomBytes } from 'node:crypto'
import type { Caller } from './modern-caller.js'

/** Callers with a principal each. */
export interface Callers {
  callers: Caller[]
  /** By which a server knows them. */
  environment: { HOLDFAST_DEMO_TOKENS: string }
}

/** Makes callers of these names. */
export function withTokens (...names: string[]): Callers {
  const tokens = names.map(() => randomBytes(16).toString('hex'))
  return {
    callers: names.map((name, n) => ({ name, headers: { authorization: `Bearer ${tokens[n]}` } })),
    environment: { HOLDFAST_DEMO_TOKENS: names.map((name, n) => `${name}:${tokens[n]}`).join() }
  }
}
