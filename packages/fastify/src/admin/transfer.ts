import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { HoldfastError, InvalidOptionError, type RestoreReport, type Sessions } from '@holdfast/core'
import { refusal } from './failures.js'

/** Exports and restores that are under way, as streams over HTTP. */
export class Transfers {
  readonly #running = new Set<Readable>()

  /** @param stallTimeout milliseconds that an upload may stand still while more of it is wanted */
  constructor (private readonly sessions: Sessions, private readonly stallTimeout: number) {}

  /** Ends what is under way: a peer that has stalled would keep the app from closing. */
  end (): void {
    for (const stream of this.#running) stream.destroy(new HoldfastError('HOLDFAST_CLOSED'))
  }

  /** @returns a snapshot as it is being made. One that breaks off has no end, which its reader sees, and `exportFailed` tells. */
  async export (): Promise<Readable> {
    const { sessions } = this
    if (sessions.incomplete) throw new HoldfastError('HOLDFAST_KEY_UNAVAILABLE', 'not all sessions are here: the snapshot of this app is not restored')
    // Once the first line is out, there is no status left to say it with.
    await sessions.vault.availability.ask(() => sessions.vault.backend.ping())
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
      let reason: Error | undefined
      const refuse = (status: number, message: string): Error => (reason = refusal(status, `${message}; what came before is restored`))
      const bytes = this.#read(upload, most, refuse)
      try {
        return await this.sessions.restoreSessionState({ read: () => bytes })
      } catch (error) {
        throw reason ?? error
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

  async * #read (upload: Readable, most: number, refuse: (status: number, message: string) => Error): AsyncGenerator<Uint8Array> {
    const chunks: AsyncIterator<Uint8Array> = upload.iterator({ destroyOnReturn: false })
    const stalled = (): void => { upload.emit('error', refuse(408, 'the upload stood still')) }
    let bytes = 0
    try {
      while (true) {
        const timer = setTimeout(stalled, this.stallTimeout).unref()
        const { value, done } = await chunks.next().finally(() => { clearTimeout(timer) })
        if (done === true) return
        bytes += (value as Uint8Array).length
        if (bytes > most) throw refuse(413, `a snapshot of more than ${most} bytes`)
        yield value
      }
    } finally {
      await chunks.return?.()
      // Whoever uploads reads the answer after the last byte.
      upload.resume()
    }
  }
}
