import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { HoldfastError, InvalidOptionError, type RestoreReport, type Sessions } from '@holdfast/core'
import { refusal } from './failures.js'

const UNSEALED = 'sessions are not sealed: set the option keys, or encryption: "none"'

/** Makes the error that ends a restore. */
type Refuse = (status: number, message: string) => Error

/** The running exports and restores, as streams over HTTP. */
export class Transfers {
  readonly #running = new Set<Readable>()

  /** @param stallTimeout milliseconds that an upload may stall while its reader waits */
  constructor (private readonly sessions: Sessions, private readonly stallTimeout: number) {}

  /** Ends the running transfers: a peer that has stalled would keep the app from closing. */
  end (): void {
    for (const stream of this.#running) stream.destroy(new HoldfastError('HOLDFAST_CLOSED'))
  }

  /**
   * @returns a snapshot while it is being written. If the export fails, the last line is missing, which a reader
   * notices, and the event `snapshotExportFailed` is emitted.
   */
  async export (): Promise<Readable> {
    const { sessions } = this
    if (sessions.incomplete) {
      throw new HoldfastError('HOLDFAST_KEY_UNAVAILABLE', 'the snapshot of this app is not restored completely')
    }
    // After the first line, the status of the reply cannot change any more.
    await sessions.vault.availability.ask(() => sessions.vault.backend.ping())
    return await new Promise((resolve, reject) => {
      const write = async (stream: Readable): Promise<void> => {
        resolve(stream)
        await this.#track(stream, async () => await finished(stream))
      }
      sessions.exportSessionState({ read: () => undefined, write }).catch((error: unknown) => {
        reject(error instanceof InvalidOptionError ? refusal(409, UNSEALED) : error)
      })
    })
  }

  /** @param most bytes of the upload */
  async restore (upload: Readable, most: number): Promise<RestoreReport> {
    return await this.#track(upload, async () => {
      let reason: Error | undefined
      const refuse: Refuse = (status, message) =>
        (reason = refusal(status, `${message}; the sessions before that are restored`))
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

  async * #read (upload: Readable, most: number, refuse: Refuse): AsyncGenerator<Uint8Array> {
    const chunks: AsyncIterator<Uint8Array> = upload.iterator({ destroyOnReturn: false })
    const stalled = (): void => { upload.emit('error', refuse(408, 'the upload stalled')) }
    let bytes = 0
    try {
      while (true) {
        const timer = setTimeout(stalled, this.stallTimeout).unref()
        const { value, done } = await chunks.next().finally(() => { clearTimeout(timer) })
        if (done === true) return
        bytes += (value as Uint8Array).length
        if (bytes > most) throw refuse(413, `the snapshot is larger than ${most} bytes`)
        yield value
      }
    } finally {
      await chunks.return?.()
      // The client reads the answer after it has sent the last byte.
      upload.resume()
    }
  }
}
