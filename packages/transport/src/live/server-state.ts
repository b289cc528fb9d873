import { HoldfastError, type Replay, type Session, within } from '@holdfast/core'
import type { DurableTransport } from '../calls/durable-transport.js'
import { type Effect, replayRequests } from './replayed-effects.js'

/** How much the server object of a session knows of the client's settings, which the client may make on any replica. */
export class ServerState {
  #known: Replay = { subscriptions: [] }
  #catchingUp: Promise<void> | undefined

  /** @param timeout milliseconds that the server may take to learn the settings that the client made elsewhere */
  constructor (
    private readonly session: Session,
    private readonly transport: DurableTransport,
    private readonly timeout: number
  ) {}

  /** Whether the client made a setting elsewhere that the server does not know yet. */
  get isBehind (): boolean {
    return this.#catchingUp !== undefined || this.session.state.replay !== this.#known
  }

  /**
   * Replays the settings that the client made elsewhere, once for all requests that wait for it.
   *
   * @throws HoldfastError HOLDFAST_FACTORY_TIMEOUT
   */
  async catchUp (): Promise<void> {
    for (;;) {
      if (this.#catchingUp === undefined) {
        const { replay } = this.session.state
        const requests = replayRequests(this.#known, replay)
        if (requests.length === 0) {
          this.#known = replay
          return
        }
        this.#catchingUp = this.#replay(requests, replay).finally(() => { this.#catchingUp = undefined })
      }
      await this.#catchingUp
    }
  }

  /** Notes a setting that the client made here, so that the server knows it. */
  note (effect: Effect): void {
    this.#known = effect(this.#known)
  }

  async #replay (requests: ReturnType<typeof replayRequests>, replay: Replay): Promise<void> {
    let over = false
    const asking = (async () => {
      for (const { method, params } of requests) if (!over) await this.transport.ask(method, params)
    })()
    if (!await within(asking, this.timeout, true)) {
      over = true
      this.transport.stopAsking()
      throw new HoldfastError('HOLDFAST_FACTORY_TIMEOUT')
    }
    this.#known = replay
  }
}
