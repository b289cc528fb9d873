import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyInstance } from 'fastify'
import { HoldfastError, InvalidOptionError, type RestoreReport, type Sessions } from '@holdfast/core'
import { refusal } from './failures.js'

/** Exports and restores that are under way, as streams over HTTP. */
export class Transfers {
  readonly #running = new Set<Readable>()

  constructor (private readonly sessions: Sessions, scope: FastifyInstance) {
    // A peer that has stalled would keep the app from closing.
    scope.addHook('preClose', async () => {
      for (const stream of this.#running) stream.destroy(new HoldfastError('HOLDFAST_CLOSED'))
    })
  }

  /** @returns a snapshot as it is being made. One that breaks off has no end, which its reader sees, and `exportFailed` tells. */
  async export (): Promise<Readable> {
    const { sessions } = this
    if (sessions.incomplete) throw new HoldfastError('HOLDFAST_KEY_UNAVAILABLE', 'not all sessions are here: the snapshot of this app is not restored')
    // Once the first line is out, there is no status left to say it with.
    await sessions.availability.ask(() => sessions.backend.ping())
    return await new Promise((resolve, reject) => {
      const write = async (stream: Readable): Promise<void> => {
        resolve(stream)
        await this.#track(stream, async () => await finished(stream))
      }
      sessions.exportSessionState({ read: () => undefined, write }).catch((error: unknown) => {
        reject(error instanceof InvalidOptionError ? refusal(409, 'sessions are not sealed: give the plugin keys, or encryption: "none"') : error)
      })
    })
  }

  /** @param most bytes */
  async restore (upload: Readable, most: number): Promise<RestoreReport> {
    return await this.#track(upload, async () => {
      let excess: Error | undefined
      const bytes = limited(upload, most, () => (excess = refusal(413, `a snapshot of more than ${most} bytes; what came before is restored`)))
      try {
        return await this.sessions.restoreSessionState({ read: () => bytes })
      } catch (error) {
        throw excess ?? error
      }
    })
  }

  async #track<T> (stream: Readable, work: () => Promise<T>): Promise<T> {
    this.#running.add(stream)
    try {
      return await work()
    } finally {
      this.#running.delete(stream)
    }
  }
}

async function * limited (upload: Readable, most: number, exceeded: () => Error): AsyncGenerator<Uint8Array> {
  let bytes = 0
  try {
    for await (const chunk of upload.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > most) throw exceeded()
      yield chunk
    }
  } finally {
    // Whoever uploads reads the answer after the last byte.
    upload.resume()
  }
}
