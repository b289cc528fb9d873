import type { Cluster, Redis } from 'ioredis'
import type { Client } from './client.js'

/**
 * Bytes a millisecond at which what waits in a socket is sent at the least: slower than any network over which Redis is
 * of use.
 */
const SENT = 8 * 1024
/** Bytes a millisecond at which a Redis that shares its cores reads, stores and logs at the least what it was sent. */
const TAKEN = 8 * 1024

interface Line {
  stream: Redis['stream']
  read: number
  written: number
  unsent: number
  /** Milliseconds that Redis is still given for what it was sent. */
  busy: number
  /** Milliseconds for which a command has waited for its answer and nothing has moved. */
  silence: number
  /** Milliseconds since fewer bytes waited to be sent than before. */
  stuck: number
}

/** The connections of a client: to a server, or to each node of a Cluster. Tells whether they move. */
export class Lines {
  #known = new Map<Redis, Line>()

  constructor (private readonly client: Client) {}

  /**
   * Looks at every connection, as one does again and again.
   *
   * @param passed milliseconds since it looked before
   * @param calls that are not answered
   * @returns `lost` where the node of a Cluster that a call is for is gone, so that no node has it; `silent` where
   * there is no connection,
   * or a node that owes an answer neither sends nor takes anything
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
      const line = moved(before.get(node), stream, passed)
      this.#known.set(node, line)
      owing++
      if (isCluster) owed += callsIn(node)
      silent ||= line.silence > 0
    }
    if (isCluster && owed < calls) return 'lost'
    return silent || owing === 0 ? 'silent' : 'moving'
  }

  /** Whether a node owes an answer, as far as the last look saw. */
  get owed (): boolean { return this.#known.size > 0 }

  /**
   * Cuts connections on which nothing has moved for so long, though an answer is owed: the network may have swallowed
   * everything.
   */
  cut (silence: number): void {
    for (const [node, line] of this.#known) {
      if (line.silence < silence) continue
      this.#known.delete(node)
      line.stream.destroy(new Error('Socket timeout'))
    }
  }

  #nodes (): Redis[] {
    return this.client.isCluster ? (this.client as Cluster).nodes('all') : [this.client as Redis]
  }
}

/** A write that replicas must confirm is two commands. */
function callsIn ({ commandQueue }: Redis): number {
  return commandQueue.toArray().reduce((count, { command }) => command.name === 'wait' ? count : count + 1, 0)
}

/**
 * Bytes that arrive are a sign of life. So is it when fewer wait to be sent; and many are given the time that they
 * need.
 */
function moved (before: Line | undefined, stream: Redis['stream'], passed: number): Line {
  const now = { stream, read: stream.bytesRead, written: stream.bytesWritten, unsent: stream.writableLength }
  if (before?.stream !== stream) return { ...now, busy: now.unsent / TAKEN, stuck: 0, silence: 0 }
  const busy = Math.max(0, before.busy - passed) + (now.written - before.written) / TAKEN
  if (now.read !== before.read) return { ...now, busy, stuck: 0, silence: 0 }
  const stuck = now.unsent === before.unsent ? before.stuck + passed : 0
  const isSending = now.unsent > 0 && (now.unsent < before.unsent || stuck < now.unsent / SENT)
  return { ...now, busy, stuck, silence: isSending || busy > passed ? 0 : before.silence + passed }
}
