import type { Cluster, Redis } from 'ioredis'
import type { Client } from './client.js'

/** Bytes that a socket sends per millisecond, at least: slower than any network over which Redis is useful. */
const MIN_SEND_RATE = 8 * 1024
/** Bytes that a Redis which shares its cores reads, stores and logs per millisecond, at least. */
const MIN_STORE_RATE = 8 * 1024

interface SocketState {
  stream: Redis['stream']
  read: number
  written: number
  unsent: number
  /** Milliseconds that Redis may still need to store the bytes that it was sent. */
  busy: number
  /** Milliseconds for which a command has waited for its answer while no bytes moved. */
  silence: number
  /** Milliseconds since the number of bytes that wait in the socket last changed. */
  stuck: number
}

/** Watches whether bytes move on the sockets of a client: one to a server, or one to each node of a Cluster. */
export class Sockets {
  #known = new Map<Redis, SocketState>()

  constructor (private readonly client: Client) {}

  /**
   * Looks at every socket. Call it at short intervals.
   *
   * @param passed milliseconds since the previous look
   * @param calls calls without an answer
   * @returns `lost` when no node of the Cluster has one of the calls, since its node is gone; `silent` when there is no
   * connection, or when a node that owes an answer neither sends nor receives bytes; otherwise `moving`
   */
  look (passed: number, calls: number): 'moving' | 'silent' | 'lost' {
    const { isCluster } = this.client
    const before = this.#known
    this.#known = new Map()
    let owing = 0
    let owed = 0
    let silent = false
    for (const node of this.#nodes()) {
      const { stream } = node
      if (stream === undefined || stream === null || node.commandQueue.length === 0) continue
      const state = next(before.get(node), stream, passed)
      this.#known.set(node, state)
      owing++
      if (isCluster) owed += callsIn(node)
      silent ||= state.silence > 0
    }
    if (isCluster && owed < calls) return 'lost'
    return silent || owing === 0 ? 'silent' : 'moving'
  }

  /** Whether a node owed an answer at the last look. */
  get owed (): boolean { return this.#known.size > 0 }

  /**
   * Cuts the connections that owe an answer and on which no bytes have moved for so many milliseconds: the network may
   * have silently dropped them.
   */
  cut (silence: number): void {
    for (const [node, state] of this.#known) {
      if (state.silence < silence) continue
      this.#known.delete(node)
      state.stream.destroy(new Error('Socket timeout'))
    }
  }

  #nodes (): Redis[] {
    return this.client.isCluster ? (this.client as Cluster).nodes('all') : [this.client as Redis]
  }
}

/** Calls that wait for an answer of this node. A write that replicas must confirm is two commands, but one call. */
function callsIn ({ commandQueue }: Redis): number {
  return commandQueue.toArray().reduce((count, { command }) => command.name === 'wait' ? count : count + 1, 0)
}

/**
 * The state of a socket at this look. Bytes that arrive are a sign of life, and so are bytes that leave. Many bytes get
 * the time that they need at the rates above.
 */
function next (before: SocketState | undefined, stream: Redis['stream'], passed: number): SocketState {
  const now = { stream, read: stream.bytesRead, written: stream.bytesWritten, unsent: stream.writableLength }
  if (before?.stream !== stream) return { ...now, busy: now.unsent / MIN_STORE_RATE, stuck: 0, silence: 0 }
  const busy = Math.max(0, before.busy - passed) + (now.written - before.written) / MIN_STORE_RATE
  if (now.read !== before.read) return { ...now, busy, stuck: 0, silence: 0 }
  const stuck = now.unsent === before.unsent ? before.stuck + passed : 0
  const isSending = now.unsent > 0 && (now.unsent < before.unsent || stuck < now.unsent / MIN_SEND_RATE)
  return { ...now, busy, stuck, silence: isSending || busy > passed ? 0 : before.silence + passed }
}
