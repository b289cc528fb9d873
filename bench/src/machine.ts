import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

/** What the figures were measured on, in one line. */
export function machine (): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  const today = new Date().toISOString().slice(0, 10)
  return `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${memory} GiB, Node.js ${process.version}, ${today}`
}

/**
 * Says how much of the time since it was called the cores were kept from this machine by its host, in percent:
 * CPU times grow with it. Linux only; `undefined` elsewhere.
 */
export function watchSteal (): () => number | undefined {
  const before = cpuTicks()
  return () => {
    const after = cpuTicks()
    return before && after && 100 * (after.stolen - before.stolen) / (after.all - before.all)
  }
}

function cpuTicks (): { stolen: number, all: number } | undefined {
  if (process.platform !== 'linux') return undefined
  // cpu user nice system idle iowait irq softirq steal …
  const ticks = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.trim().split(/\s+/).slice(1, 9).map(Number)
  return { stolen: ticks[7] ?? 0, all: ticks.reduce((sum, n) => sum + n, 0) }
}
