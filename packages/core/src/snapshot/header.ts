import { isHoldfastError } from '../errors.js'
import type { Sessions } from '../sessions.js'
import { Chain, type Header } from './format.js'

/** The reason for a snapshot that waits for its key: it is neither restored nor damaged. */
export const UNKNOWN_KEY = 'sealed with a key that is not here'

const KEY_SIZE = 32

export const NO_HEADER = 'not a Holdfast snapshot'

/** @returns what reads the lines that follow a header, or what is wrong with it */
export async function openHeader ({ namespace, codec }: Sessions, header: Header | string): Promise<Chain | string> {
  if (typeof header === 'string') return header
  if (header.namespace !== namespace) return 'a snapshot of another namespace'
  try {
    const key = await codec.open('snapshot', '', header.mac)
    if (key.length === KEY_SIZE) return new Chain(key)
  } catch (error) {
    if (isHoldfastError(error, 'HOLDFAST_INVALID_STATE')) return 'sealed with a key that is revoked'
  }
  // It is intact, so what does not fit is the key, even one with the right id.
  return header.mac.length === KEY_SIZE ? 'not sealed, although there are keys' : UNKNOWN_KEY
}
