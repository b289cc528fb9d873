import type { FastifyBaseLogger } from 'fastify'
import { printable } from '@holdfast/core'

/** Values that are logged: a client that sends a new one with each request must not fill the log. */
const MAX_LOGGED = 100

/** A DNS name has at most 253 characters. */
const LONGEST = 300

/** For each header: what its values cannot do without an option. */
const MESSAGES = {
  origin: 'holdfast: a web page was refused because of its Origin. ' +
    'To allow this origin, add it to the option allowedOrigins',
  host: 'holdfast: a request was refused because of its Host. ' +
    'To allow this host, add its name without the port to the option allowedHosts'
} as const

/** @returns a function that logs each refused value of a header once, with the option that would allow it */
export function refusals (log: FastifyBaseLogger, header: keyof typeof MESSAGES): (value: string) => void {
  const logged = new Set<string>()
  return value => {
    const shown = printable(value, LONGEST)
    if (logged.size >= MAX_LOGGED || logged.has(shown)) return
    logged.add(shown)
    log.warn({ [header]: shown }, MESSAGES[header])
  }
}
