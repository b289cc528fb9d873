import type { HoldfastOptions } from '@holdfast/fastify'
import { createSharedServer } from './shared-server.js'

/** What answers modern requests: the servers of the sessions, behind the bridge, or one of SDK v2 for everybody. */
export type Kind = 'bridge' | 'shared'

export const modernOptions = {
  bridge: 'auto',
  shared: { server: createSharedServer }
} satisfies Record<Kind, HoldfastOptions['modern']>

export const KINDS: readonly Kind[] = ['bridge', 'shared']

export function isKind (word: string): word is Kind {
  return Object.hasOwn(modernOptions, word)
}
