import type { Presence } from '@holdfast/core'
import type { Connection } from './connection.js'
import type { Turns } from './turns.js'

/** The replicas that announced themselves, with the time until which each counts as alive. */
export class SqlitePresence implements Presence {
  constructor (private readonly connection: Connection, private readonly turns: Turns) {}

  async announce (replica: string, ttl: number): Promise<void> {
    await this.turns.write(() => {
      const now = this.connection.now()
      this.connection.run('DELETE FROM replicas WHERE until <= ?', now)
      this.connection.run('INSERT OR REPLACE INTO replicas VALUES (?, ?)', replica, now + ttl)
    }, false)
  }

  async isPresent (replica: string): Promise<boolean> {
    return (await this.list()).includes(replica)
  }

  async list (): Promise<string[]> {
    return await this.turns.read(() => {
      const rows = this.connection.all<{ replica: string }>(
        'SELECT replica FROM replicas WHERE until > ?', this.connection.now()
      )
      return rows.map(({ replica }) => replica)
    })
  }

  async withdraw (replica: string): Promise<void> {
    await this.turns.write(() => { this.connection.run('DELETE FROM replicas WHERE replica = ?', replica) }, false)
  }
}
