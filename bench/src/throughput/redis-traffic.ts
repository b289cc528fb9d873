import { Redis } from 'ioredis'
import type { RedisServer } from '@holdfast/real-redis'
import { scriptTime } from '../redis-usage.js'

/** What came and went between a server and its Redis, by what Redis itself counts. */
export interface Traffic {
  /** Commands that were sent. */
  sent: number
  /** Commands that Redis ran: those, and what scripts called. */
  ran: number
  /** µs in scripts, with what they call. */
  scripts: number
  /** Bytes to Redis. */
  input: number
  /** Bytes from Redis. */
  output: number
}

/** What a backend sends while sessions are used. Redis counts what scripts call under its own names. */
const SENT = ['evalsha', 'eval', 'publish', 'ping']

/** Counts from zero on. */
export class TrafficMeter {
  readonly #client: Redis

  private constructor (server: RedisServer) {
    this.#client = new Redis(server.url)
  }

  static async start (server: RedisServer): Promise<TrafficMeter> {
    const meter = new TrafficMeter(server)
    await meter.#client.config('RESETSTAT')
    return meter
  }

  async stop (): Promise<Traffic> {
    const info = await this.#client.info('everything')
    this.#client.disconnect()
    const count = (pattern: string): number => Number(new RegExp(`^${pattern}(\\d+)`, 'm').exec(info)?.[1] ?? 0)
    return {
      sent: SENT.reduce((sum, name) => sum + count(`cmdstat_${name}:calls=`), 0),
      ran: count('total_commands_processed:'),
      scripts: scriptTime(info),
      input: count('total_net_input_bytes:'),
      output: count('total_net_output_bytes:')
    }
  }
}
