import type { FleetMessage, FleetMessageType, RecordKey, RollCall, Session, Sessions } from '@holdfast/core'
import { isNotification, isResponse } from '../http/json-rpc.js'
import type { LiveSessions } from '../live/live-sessions.js'
import type { OpenStreams } from '../streams/open-streams.js'
import { takeAnswer, takeNotification } from './message-routing.js'
import { RepeatedTasks } from './repeated-tasks.js'

export interface ReplicaSettings {
  /** Milliseconds between heartbeats. Other replicas notice within two heartbeats that a replica died. */
  heartbeat: number
  /** Milliseconds between comments on an idle stream. */
  keepAlive: number
  /** Milliseconds without progress after which a slow reader of a stream is disconnected. */
  stallTimeout: number
  /** Milliseconds without use after which a session becomes dormant. */
  dormantAfter: number
}

/** Milliseconds between extensions of sessions in use. Shorter lifetimes are extended three times in each lifetime. */
const USE_INTERVAL = 30_000

/** Milliseconds after a heartbeat in which another one would be useless. */
const MIN_BEAT_GAP = 250

/** This process as a member of the fleet. It announces itself, receives messages, and extends the sessions in use. */
export class Replica {
  readonly #tasks: RepeatedTasks
  #beatAt = -Infinity
  #unlisten: (() => Promise<void>) | undefined

  constructor (
    private readonly sessions: Sessions,
    private readonly live: LiveSessions,
    private readonly streams: OpenStreams,
    private readonly rollCall: RollCall,
    private readonly settings: ReplicaSettings,
    private readonly others: FleetHandlers = {}
  ) {
    this.#tasks = new RepeatedTasks(error => {
      // An outage has its own event.
      if (!sessions.vault.availability.down) sessions.emit('error', { error })
    })
    sessions.inUse = key => streams.has(key) || live.get(key)?.busy === true
    sessions.on('terminated', async ({ key }) => await this.#end(key, 'terminated'))
    sessions.on('expired', async ({ key }) => await this.#end(key, 'expired'))
  }

  /** Resolves after the first attempt of a heartbeat. While the backend is down, later heartbeats try again. */
  async start (): Promise<void> {
    const { heartbeat, keepAlive, stallTimeout, dormantAfter } = this.settings
    const { idle, absolute } = this.sessions.vault
    this.#tasks.every(keepAlive, () => this.streams.keepAlive())
    this.#tasks.every(Math.max(10, stallTimeout / 4), () => this.streams.checkReaders())
    this.#tasks.every(Math.max(10, dormantAfter / 4), async () => await this.live.makeIdleDormant())
    this.#tasks.every(Math.min(USE_INTERVAL, idle / 3, absolute / 3), async () => await this.#keepUsed())
    // An announcement is valid for 1.5 heartbeats, and others check every half heartbeat: together two heartbeats.
    const beat = this.#tasks.every(heartbeat / 2, async () => await this.#beat())
    // After an outage, other replicas may count this one as dead. The gap prevents an endless loop when the backend is
    // up but refuses the heartbeat.
    this.sessions.on('backendUp', async () => { if (performance.now() - this.#beatAt > MIN_BEAT_GAP) await beat() })
    await beat()
  }

  async stop (): Promise<void> {
    await this.#tasks.stop()
    const { fleet, vault: { availability, backend } } = this.sessions
    try {
      await this.#unlisten?.()
      await availability.ask(() => backend.presence.withdraw(fleet.replica))
    } catch (error) {
      // Other replicas notice the missing heartbeat.
      if (!availability.down) this.sessions.emit('error', { error })
    }
  }

  async #beat (): Promise<void> {
    this.#beatAt = performance.now()
    const { fleet, vault: { availability, backend } } = this.sessions
    const tried = await Promise.allSettled([
      availability.ask(() => backend.presence.announce(fleet.replica, this.settings.heartbeat * 1.5)),
      this.#listen()
    ])
    for (const result of tried) if (result.status === 'rejected') throw result.reason
    this.streams.checkForeign()
  }

  async #listen (): Promise<void> {
    this.#unlisten ??= await this.sessions.fleet.listen(async message => await this.#receive(message))
  }

  async #keepUsed (): Promise<void> {
    const used = new Set<Session>(this.streams.used)
    for (const live of this.live) if (live.busy) used.add(live.session)
    await Promise.all(Array.from(used, async session => {
      if (!await this.sessions.touch(session)) await this.#end(session.key, 'expired')
    }))
  }

  async #end (key: RecordKey, reason: 'terminated' | 'expired'): Promise<void> {
    await this.live.end(key, reason)
    this.streams.close(key)
  }

  async #receive (message: FleetMessage): Promise<void> {
    const { live, streams, rollCall, sessions } = this
    if (isForOthers(message)) return await this.others[message.type]?.(message as never)
    const handle = HANDLERS[message.type] as (receiver: Receiver, message: FleetMessage) => void | Promise<void>
    await handle(
      { sessions, live, streams, rollCall, end: async (key, reason) => await this.#end(key, reason) }, message
    )
  }
}

interface Receiver {
  sessions: Sessions
  live: LiveSessions
  streams: OpenStreams
  rollCall: RollCall
  end: (key: RecordKey, reason: 'terminated' | 'expired') => Promise<void>
}

/** The messages that concern no session. Who parks calls handles them. */
export type ParkedCallMessage = Extract<FleetMessage, { type: `call-${string}` }>

/** Handlers of {@link ParkedCallMessage}s. A message without a handler is ignored. */
export type FleetHandlers = {
  readonly [Type in ParkedCallMessage['type']]?:
  (message: Extract<ParkedCallMessage, { type: Type }>) => void | Promise<void>
}

function isForOthers (message: FleetMessage): message is ParkedCallMessage {
  return message.type.startsWith('call-')
}

type Handler<Type> = (receiver: Receiver, message: Extract<FleetMessage, { type: Type }>) => void | Promise<void>

/** Handles each type of message. */
const HANDLERS: { readonly [Type in Exclude<FleetMessageType, ParkedCallMessage['type']>]: Handler<Type> } = {
  gone: async ({ end }, { keys, reason }) => { await Promise.all(keys.map(async key => await end(key, reason))) },
  wake: async ({ sessions, streams }, { key, stream, from, ask }) => {
    if (streams.wake(key, stream) && ask === true) await sessions.fleet.tellReplica(from, 'listening', key, {})
  },
  listening: ({ live }, { key }) => live.get(key)?.heard(),
  takeover: ({ streams }, { key, stream, from, number }) => streams.takeover(key, stream, from, number),
  answer: ({ live }, { key, message }) => { if (isResponse(message)) takeAnswer(live.get(key), message) },
  notification: async ({ live }, { key, message }) => {
    if (isNotification(message)) await takeNotification(live.get(key), message)
  },
  'roll-call': async ({ rollCall }, { from, call, ...asked }) => await rollCall.answer(from, call, asked),
  present: ({ rollCall }, { from, call, report }) => rollCall.receive(from, call, report)
}
