import { isHoldfastError } from '../errors.js'
import type { Sessions } from '../sessions.js'
import { Chain, type Header } from './format.js'

/** The reason for a snapshot that waits for its key: it is neither restored nor damaged. */
export const UNKNOWN_KEY = 'sealed with a key that is not here'

export const NO_HEADER = 'not a Holdfast snapshot'

/** @returns what reads the lines that follow a header, or what is wrong with it */
export async function openHeader ({ namespace, codec }: Sessions, header: Header | string): Promise<Chain | string> {
  if (typeof header === 'string') return header
  if (header.namespace !== namespace) return 'a snapshot of another namespace'
  try {
    const key = await codec.open('snapshot', '', header.mac)
    return key.length === 32 ? new Chain(key) : 'the header is damaged'
  } catch (error) {
    return isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? UNKNOWN_KEY : 'the header cannot be opened'
  }
}
