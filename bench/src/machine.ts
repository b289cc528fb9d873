import { cpus, totalmem } from 'node:os'

/** What the figures were measured on, in one line. */
export function machine (): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${memory} GiB, Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}`
}
