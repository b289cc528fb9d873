import { setTimeout as pause } from 'node:timers/promises'
import { startChildServer } from '../../../examples/reference-server/dist/child-server.js'
import { generateKey } from '../../../packages/fastify/dist/index.js'
import { Front } from './front.js'

const ADMIN = 'the-token-of-the-driver'

/** The reference server as a process. Its sessions are in Redis, so they outlast it, and it comes back where it was. */
export class Served {
  #environment
  #server
  #front = new Front()

  static async start (redis, changes = {}) {
    const served = new Served()
    served.#environment = {
      HOLDFAST_BACKEND: 'redis',
      HOLDFAST_KEYS: generateKey(),
      HOLDFAST_ADMIN_TOKEN: ADMIN,
      HOLDFAST_STREAM_AFTER: '100ms',
      // What becomes of sessions is what the page tells.
      HOLDFAST_MODERN: 'refuse',
      REDIS_URL: redis.url,
      // One Redis, many servers with keys of their own.
      HOLDFAST_REDIS_PREFIX: `world-${++started}`,
      ...changes
    }
    served.#server = await startChildServer(served.#environment)
    await served.#front.open(Number(served.#server.url.port))
    return served
  }

  get url () { return new URL(`http://127.0.0.1:${this.#front.port}/mcp`) }

  /** SIGTERM; the next process is there at once. */
  async restart () {
    const next = await startChildServer(this.#environment)
    await stop(this.#server)
    await this.#front.close()
    await this.#takeOver(next)
  }

  /** SIGKILL; nothing listens for so many milliseconds. The next process has started before, for that takes time. */
  async outage (milliseconds) {
    const next = await startChildServer(this.#environment)
    await this.#front.close()
    await this.#server.kill()
    await pause(milliseconds)
    await this.#takeOver(next)
  }

  async stop () {
    await this.#front.close()
    await stop(this.#server)
  }

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

  async #takeOver (next) {
    this.#server = next
    await this.#front.open(Number(next.url.port))
  }
}

let started = 0

async function stop (server) {
  const code = await server.stop()
  if (code !== 0) throw new Error(`the server ended with code ${code}: ${server.log()}`)
}
