import type { FastifyBaseLogger } from 'fastify'
import { printableTexts } from '@holdfast/core'

/** Origins that are logged: a client that sends a new one with each request must not fill the log. */
const MAX_LOGGED = 100

/** @returns a function that logs each refused origin once, with the option that would allow it */
export function refusedOrigins (log: FastifyBaseLogger): (origin: string) => void {
  const logged = new Set<string>()
  return origin => {
    if (logged.size >= MAX_LOGGED || logged.has(origin)) return
    logged.add(origin)
    log.warn(printableTexts({ origin }), 'holdfast: a web page was refused because of its Origin. ' +
      'To allow this origin, add it to the option allowedOrigins')
  }
}
