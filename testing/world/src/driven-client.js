import { execFileSync, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** Node 24: the one of npm where it has this platform, or else the one that runs now. */
export const NODE = nodeOfNpm() ?? process.execPath

/** Milliseconds for an answer. Longer than every library's wait for a stream that it lost. */
const PATIENCE = 45_000

/** A program of `clients/` that runs as a process of its own. */
export class DrivenClient {
  #child
  #events = new EventEmitter().setMaxListeners(0)
  #heard = new Set()
  #asked = 0
  #said = ''

  constructor (name) {
    const program = fileURLToPath(new URL(`../clients/${name}.js`, import.meta.url))
    this.#child = fork(program, { execPath: NODE, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output.setEncoding('utf8').on('data', text => { this.#said = (this.#said + text).slice(-4_000) })
    }
    this.#child.on('message', message => {
      if (message.heard === undefined) this.#events.emit(message.id, message)
      else {
        this.#heard.add(message.heard)
        this.#events.emit('heard')
      }
    })
    this.#child.once('exit', () => this.#events.emit('exit'))
  }

  /**
   * @returns {Promise<{ ok?: object, cannot?: string, error?: string, hangs?: true }>} what the client says, or that it
   *   says nothing
   */
  async ask (wanted, args = {}) {
    const id = `${++this.#asked}`
    const answer = once(this.#events, id, { signal: AbortSignal.timeout(PATIENCE) })
    const gone = once(this.#events, 'exit').then(() => [{ error: `the client ended: ${this.#said}` }])
    if (this.#child.connected) this.#child.send({ id, do: wanted, ...args })
    else return { error: `the client ended: ${this.#said}` }
    return await Promise.race([answer, gone]).then(([message]) => message, () => ({ hangs: true }))
  }

  /** Whether a log message of the server arrives in time. */
  async hears (text) {
    const signal = AbortSignal.timeout(PATIENCE)
    while (!this.#heard.has(text)) {
      if (await once(this.#events, 'heard', { signal }).then(() => false, () => true)) return this.#heard.has(text)
    }
    return true
  }

  async end () {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

function nodeOfNpm () {
  try {
    const path = require.resolve(`node-${process.platform}-${process.arch}/bin/node`)
    return existsSync(path) ? path : undefined
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** The version of {@link NODE}, such as `24.22.3`. */
export function nodeVersion () {
  return execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim().slice(1)
}
