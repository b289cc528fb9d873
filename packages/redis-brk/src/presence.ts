import type { Presence } from '@holdfast/core'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import { Reply, toText } from './reply.js'

/** Who announced itself, and until when, by Redis' clock: one sorted set, so that listing scans nothing. */
export class RedisPresence implements Presence {
  constructor (private readonly link: Link, private readonly keys: Keys) {}

  async announce (replica: string, ttl: number): Promise<void> {
    await this.link.run('announce', [this.keys.replicas], [replica, ttl])
  }

  async isPresent (replica: string): Promise<boolean> {
    return (await this.#present(replica)).length > 0
  }

  async list (): Promise<string[]> {
    return await this.#present()
  }

  async withdraw (replica: string): Promise<void> {
    await this.link.ask(async (client) => await client.zrem(this.keys.replicas, replica))
  }

  async #present (...only: string[]): Promise<string[]> {
    return Reply.of(await this.link.run('present', [this.keys.replicas], only)).rest(toText)
  }
}
