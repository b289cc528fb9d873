import { ResponseStream, type StreamSettings } from './response-stream.js'

/** The open responses of this process, with one timer for all. */
export class OpenResponses {
  readonly #open = new Set<ResponseStream>()
  readonly #every: number
  #timer: NodeJS.Timeout | undefined
  #emptied: Array<() => void> = []

  constructor (private readonly settings: StreamSettings) {
    const { keepAlive, stallTimeout } = settings
    this.#every = Math.max(1, Math.floor(Math.min(keepAlive, stallTimeout) / 2))
  }

  get size (): number { return this.#open.size }

  /** @param closed called once; the client has gone, or everything was read */
  open (closed: () => void): ResponseStream {
    const stream = new ResponseStream(this.settings, () => {
      this.#open.delete(stream)
      if (this.#open.size === 0) this.#stop()
      closed()
    })
    this.#open.add(stream)
    this.#timer ??= setInterval(() => this.#check(), this.#every).unref()
    return stream
  }

  /** Resolves when none is open. */
  async empty (): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>(resolve => { this.#emptied.push(resolve) })
  }

  /** Disconnects all readers. */
  close (): void {
    for (const stream of this.#open) stream.destroy()
  }

  #check (): void {
    const now = performance.now()
    for (const stream of this.#open) stream.check(now)
  }

  #stop (): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const resolve of this.#emptied.splice(0)) resolve()
  }
}
