import { startChildServer } from '../../../examples/reference-server/dist/child-server.js'
import { generateKey } from '../../../packages/fastify/dist/index.js'

const ADMIN = 'the-token-of-the-driver'

/** The reference server as a process. Its sessions are in Redis, so they outlast it, and it comes back where it was. */
export class Served {
  #environment
  #server

  static async start (redis, changes = {}) {
    const served = new Served()
    served.#environment = {
      HOLDFAST_BACKEND: 'redis',
      HOLDFAST_KEYS: generateKey(),
      HOLDFAST_ADMIN_TOKEN: ADMIN,
      HOLDFAST_STREAM_AFTER: '100ms',
      REDIS_URL: redis.url,
      // One Redis, many servers with keys of their own.
      HOLDFAST_REDIS_PREFIX: `world-${++started}`,
      ...changes
    }
    await served.start()
    return served
  }

  get url () { return this.#server.url }

  async start () {
    this.#server = await startChildServer({ ...this.#environment, PORT: this.#server?.url.port ?? '0' })
  }

  /** SIGTERM. */
  async stop () {
    const code = await this.#server.stop()
    if (code !== 0) throw new Error(`the server ended with code ${code}: ${this.#server.log()}`)
  }

  /** SIGKILL. */
  async kill () { await this.#server.kill() }

  /** Ends all sessions, as an operator does. */
  async endSessions () {
    const headers = { authorization: `Bearer ${ADMIN}` }
    const list = new URL('/mcp-sessions', this.url)
    const { sessions } = await (await fetch(list, { headers })).json()
    for (const { key } of sessions) {
      const { status } = await fetch(new URL(`/mcp-sessions/${key}`, list), { method: 'DELETE', headers })
      if (status >= 300) throw new Error(`to end a session was answered ${status}`)
    }
    return sessions.length
  }
}

let started = 0
