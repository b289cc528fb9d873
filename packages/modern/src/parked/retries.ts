import type { JsonObject, RecordKey, Sessions } from '@holdfast/core'
import type { CancelReason } from '../modern-server.js'
import type { ModernCall, Outcome } from '../modern-call.js'
import { bindingOf } from '../request-binding.js'
import { Attempt } from './attempt.js'
import type { CallHead, CallLog, StoredCall } from './call-log.js'
import { type CallState, openState } from './call-state.js'
import { CANCELLED_BY, INVALID_STATE, LOST, TOO_MANY_PARKED } from '../endings.js'
import { type Answers, answersOf } from '../input-responses.js'
import type { ParkedCall } from './parked-call.js'
import type { ParkedCalls } from './parked-calls.js'
import { RemoteCall, type RemoteCalls, endOrphan } from './remote-call.js'
import { RemoteReaders } from './remote-readers.js'
import type { InputRequest } from './story.js'

/** How a retry asks its client for what is still open. */
export type Asking = (
  call: ModernCall, open: ReadonlyMap<string, InputRequest>, state: CallState, head: CallHead
) => Outcome | Promise<Outcome>

interface Context {
  readonly key: RecordKey
  readonly binding: string
  readonly state: CallState
  readonly answers: Answers
}

/** Serves requests that carry a `requestState`, of calls whose handlers wait here or in another replica. */
export class Retries implements RemoteCalls {
  readonly readers = new RemoteReaders()
  readonly #running = new Map<ModernCall, (reason: CancelReason) => void>()
  /** Why clients of retries have gone that were not yet waiting. */
  readonly #left = new WeakMap<ModernCall, CancelReason>()
  #count = 0
  #backSince = -Infinity

  /** @param heartbeat milliseconds between heartbeats of replicas */
  constructor (
    readonly sessions: Sessions,
    readonly log: CallLog,
    private readonly parked: ParkedCalls,
    private readonly asking: Asking,
    readonly heartbeat: number
  ) {
    sessions.on('backendUp', () => { this.#backSince = performance.now() })
  }

  get backSince (): number { return this.#backSince }

  /**
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_KEY_UNAVAILABLE
   */
  async serve (call: ModernCall): Promise<void> {
    this.#running.set(call, reason => { this.#left.set(call, reason) })
    try {
      await this.#serve(call)
    } finally {
      this.#running.delete(call)
    }
  }

  async #serve (call: ModernCall): Promise<void> {
    const answers = answersOf(call.request)
    if (!(answers instanceof Map)) return call.end(answers as Outcome)
    call.usesStorage()
    const { vault, fleet } = this.sessions
    const { principal } = call.inbound
    const { owner } = this.log.locate('', principal)
    const binding = bindingOf(owner, call.request)
    const state = await openState(vault.codec, binding, call.request.params?.requestState, Date.now())
    if (state === undefined) return call.end(INVALID_STATE)
    const { key } = this.log.locate(state.call, principal)
    const context = { key, binding, state, answers }
    const here = this.parked.get(key)
    if (here !== undefined) await this.#here(call, context, here)
    else if (state.replica === fleet.replica) await this.#ended(call, context)
    else await this.#elsewhere(call, context)
  }

  /** The client of a retry has gone, or its time is over. False when no retry of this call runs. */
  cancel (call: ModernCall, reason: CancelReason): boolean {
    const cancel = this.#running.get(call)
    cancel?.(reason)
    return cancel !== undefined
  }

  /** The handler is in this process. */
  async #here (call: ModernCall, context: Context, parked: ParkedCall): Promise<void> {
    // A codec that leaves states readable does not vouch for the binding.
    if (parked.head.binding !== context.binding) return call.end(INVALID_STATE)
    const id = this.#id()
    const attempt = this.#attempt(call, context, parked, () => parked.forget(id))
    await this.#run(call, attempt, reason => parked.leave(id, CANCELLED_BY[reason]), async () => {
      const reader = { grown: () => attempt.advance(), failed: (error: unknown) => attempt.failed(error) }
      if (parked.answer(id, reader, context.state.position, context.answers)) attempt.advance()
      else attempt.give(TOO_MANY_PARKED)
    })
  }

  /** The handler was in this process. Everything is in the log. */
  async #ended (call: ModernCall, context: Context): Promise<void> {
    const stored = await this.log.read(context.key)
    if (stored === undefined) return call.end(this.#lost())
    if (stored.head.binding !== context.binding) return call.end(INVALID_STATE)
    const attempt = this.#attempt(call, context, stored, () => {})
    await this.#run(call, attempt, () => {}, async () => {
      if (!stored.story.ended) await endOrphan(this.log, context.key, stored.story)
      attempt.advance()
    })
  }

  /** The handler is in another process: it gets the answers, and tells what comes of them. */
  async #elsewhere (call: ModernCall, context: Context): Promise<void> {
    const { key, binding, state: { replica, position }, answers } = context
    const remote = new RemoteCall(this, key, replica, {
      reader: this.#id(), binding, position, answers: Object.fromEntries(answers) as JsonObject
    })
    try {
      const found = await remote.begin()
      if (found === undefined) return call.end(this.#lost())
      if (found.head.binding !== binding) return call.end(INVALID_STATE)
      const attempt = this.#attempt(call, context, found, () => {})
      remote.follow(attempt)
      // Where this process ends, the client may ask another one.
      const left = (reason: CancelReason): void => { if (reason !== 'closing') remote.leave() }
      await this.#run(call, attempt, left, async () => attempt.advance())
    } finally {
      remote.close()
    }
  }

  #attempt (
    call: ModernCall, { state, answers }: Context, { story, head }: StoredCall, done: () => void
  ): Attempt {
    return new Attempt(call, story, state.position, answers.keys(), {
      ask: async (open, position) => await this.asking(call, open, { ...state, position }, head),
      done
    })
  }

  async #run (
    call: ModernCall, attempt: Attempt, left: (reason: CancelReason) => void, start: () => Promise<void>
  ): Promise<void> {
    const leave = (reason: CancelReason): void => {
      if (attempt.over) return
      left(reason)
      attempt.leave()
    }
    const gone = this.#left.get(call)
    if (gone !== undefined) return leave(gone)
    this.#running.set(call, leave)
    await start()
    await attempt.ended
  }

  /** The answer to a state without a stored call. Only one that was sealed was certainly given out by the fleet. */
  #lost (): Outcome {
    return this.sessions.vault.codec.exposes === undefined ? LOST : INVALID_STATE
  }

  #id (): string {
    return `${this.sessions.fleet.replica}.${++this.#count}`
  }
}
