import { randomBytes } from 'node:crypto'

const process = randomBytes(5).toString('hex')
let count = 0

/** Names one write for ever, in letters and digits: by it a script knows a command that arrives a second time. */
export function newWriteId (): string {
  return process + (++count).toString(36)
}
