import { LONGEST_TIMER, milliseconds } from '@holdfast/core'
import { type HoldfastOptions, OptionsSchema } from '@holdfast/fastify'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'

/** Milliseconds for what follows the drain: the last replies, the export of the snapshot, the connections to Redis. */
const EXPORT = 60_000
const { timeout: TIMEOUT } = OptionsSchema.properties.shutdown.properties
const { default: DRAIN_TIMEOUT } = TIMEOUT as unknown as { default: string }

/**
 * Closes the app on a signal or an error that nobody caught, and then ends the process: with code 0, or 1 when it did
 * not close in time or not without an error. A second signal ends the process at once, as it does by default.
 *
 * @param report shows an error
 */
export function closeOnSignals (
  app: FastifyInstance, shutdown: HoldfastOptions['shutdown'], report: (error: unknown) => void
): void {
  closeWithGrace({
    delay: timeToClose(shutdown),
    logger: { error: report },
    onSecondSignal: signal => {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
  }, async ({ err }) => {
    if (err !== undefined) report(err)
    await app.close()
  })
}

/** Milliseconds that closing may take: the delay, the drain and what follows it. */
export function timeToClose (shutdown: HoldfastOptions['shutdown'] = {}): number {
  const { delay = 0, timeout = DRAIN_TIMEOUT } = shutdown
  const wait = delay === 0 ? 0 : milliseconds(delay, 'shutdown.delay')
  return Math.min(LONGEST_TIMER, wait + milliseconds(timeout, 'shutdown.timeout') + EXPORT)
}
