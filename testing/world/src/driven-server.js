import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateKey } from '../../../packages/fastify/dist/index.js'
import { NODE } from './driven-client.js'

/** A program of `servers/` that runs as a process of its own, and comes back at the same address with its sessions. */
export class DrivenServer {
  #program
  #environment
  #child
  #folder
  /** What its processes wrote. */
  log = ''
  /** How many server objects the process that runs has made. */
  made = 0

  static async start (name, maxLive) {
    const server = new DrivenServer()
    server.#program = fileURLToPath(new URL(`../servers/${name}.js`, import.meta.url))
    server.#folder = await mkdtemp(join(tmpdir(), 'holdfast-world-'))
    server.#environment = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      HOLDFAST_KEYS: generateKey(),
      SNAPSHOT: join(server.#folder, 'sessions'),
      MAX_LIVE: `${maxLive}`
    }
    await server.#run('0')
    return server
  }

  async restart () {
    await this.#end()
    await this.#run(this.url.port)
  }

  async stop () {
    await this.#end()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #run (PORT) {
    this.made = 0
    const child = fork(this.#program, {
      execPath: NODE, env: { ...this.#environment, PORT }, stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    this.#child = child
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', text => { this.log += text })
    }
    child.on('message', ({ made }) => { if (made !== undefined) this.made = made })
    const ended = once(child, 'exit').then(() => { throw new Error(`the server ended: ${this.log}`) })
    ended.catch(() => {})
    const [{ url }] = await Promise.race([once(child, 'message'), ended])
    this.url = new URL(url)
  }

  async #end () {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`it had ended: ${this.log}`)
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }
}
