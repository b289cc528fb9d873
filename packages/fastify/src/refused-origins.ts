import type { FastifyBaseLogger } from 'fastify'
import { printableTexts } from '@holdfast/core'

/** Origins that are named in the log: whoever sends a new one with each request must not fill it. */
const MOST = 100

/** @returns a function that says, once for each origin, which option would have let it in */
export function refusedOrigins (log: FastifyBaseLogger): (origin: string) => void {
  const said = new Set<string>()
  return origin => {
    if (said.size >= MOST || said.has(origin)) return
    said.add(origin)
    log.warn(printableTexts({ origin }), 'holdfast: a web page was refused for its Origin: the option allowedOrigins names those that may come in')
  }
}
