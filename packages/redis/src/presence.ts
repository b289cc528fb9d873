import type { Presence } from '@holdfast/core'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import { ScriptReply, toText } from './script-reply.js'

/**
 * The replicas that announced themselves, with the time until which each counts as alive, by the clock of Redis. They
 * are in one sorted set, so listing them scans no keys.
 */
export class RedisPresence implements Presence {
  constructor (private readonly link: Link, private readonly keys: Keys) {}

  async announce (replica: string, ttl: number): Promise<void> {
    await this.link.run('presence-announce', [this.keys.replicas], [replica, ttl])
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
    return ScriptReply.of(await this.link.run('presence-list', [this.keys.replicas], only)).rest(toText)
  }
}
