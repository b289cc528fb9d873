import { randomBytes } from 'node:crypto'

const process = randomBytes(5).toString('hex')
let count = 0

/** A unique id for one write, in letters and digits. By it, a script recognises a command that was sent again. */
export function newWriteId (): string {
  return process + (++count).toString(36)
}
