import type { Era, ModernEndpoint, Verb } from '@holdfast/modern'
import type { Endpoint, Inbound, Reply } from '@holdfast/transport'

/** Answers the requests of the route. */
export interface Served {
  post (inbound: Inbound): Reply | Promise<Reply>
  get (inbound: Inbound): Promise<Reply>
  delete (inbound: Inbound): Promise<Reply>
  /** The reply to a GET or DELETE that nobody serves, no matter who sends it. */
  refuses? (verb: Verb, inbound: Pick<Inbound, 'headers' | 'body'>): Reply | undefined
}

/** The life of what answers. */
type Lifecycle = Pick<Endpoint, 'start' | 'drain' | 'close'>

/**
 * The sessions and revision 2026-07-28 on one route. Each request says by itself to which it belongs. They begin
 * together and end together.
 */
export class Eras implements Served, Lifecycle {
  constructor (private readonly sessions: Endpoint, private readonly modern: ModernEndpoint) {}

  post (inbound: Inbound): Reply | Promise<Reply> {
    const era = this.modern.era('POST', inbound)
    if (era === 'sessions') return this.sessions.post(inbound)
    return era === 'modern' ? this.modern.post(inbound) : era
  }

  async get (inbound: Inbound): Promise<Reply> {
    return await this.sessions.get(inbound)
  }

  async delete (inbound: Inbound): Promise<Reply> {
    return await this.sessions.delete(inbound)
  }

  refuses (verb: Verb, inbound: Pick<Inbound, 'headers' | 'body'>): Reply | undefined {
    const era: Era | Reply = this.modern.era(verb, inbound)
    return typeof era === 'string' ? undefined : era
  }

  /** @throws HoldfastError HOLDFAST_FACTORY_FAILED */
  async start (): Promise<void> {
    // Parked calls need the fleet.
    await this.sessions.start()
    await this.modern.start()
  }

  async drain (timeout: number): Promise<void> {
    await Promise.all([this.sessions.drain(timeout), this.modern.drain(timeout)])
  }

  async close (timeout: number): Promise<void> {
    // The last words of parked calls go over the fleet.
    const end = performance.now() + timeout
    await this.modern.close(timeout)
    await this.sessions.close(Math.max(0, end - performance.now()))
  }
}
