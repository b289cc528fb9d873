import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Backend } from '@holdfast/core'
import type { SqliteOptions } from '@holdfast/sqlite'
import type { Stores } from './story.js'

/** A request to the other process. `path` names a method: the members from the backend down. */
export interface Call { id: number, path: string[], args: unknown[] }
export type Answer =
  | { id: number, result: unknown }
  | { id: number, error: { message: string, code?: string, retryable?: boolean } }
  | { warning: string }
  | { opened: true }

/** The process ended before it answered: the call was carried out, or not. */
export class ProcessEnded extends Error {
  constructor () { super('the process has ended') }
}

const ENTRY = new URL('file-child.js', import.meta.url)

/** A process that has a file of sessions open. */
export class FileProcess implements Stores {
  readonly records = this.#part('records') as Backend['records']
  readonly events = this.#part('events') as Backend['events']
  /** The codes of the warnings for the operator. */
  readonly warnings: string[] = []
  #calls = 0
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void, reject: (error: unknown) => void }>()

  private constructor (readonly child: ChildProcess) {
    child.on('message', (answer: Answer) => { this.#onAnswer(answer) })
    child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new ProcessEnded())
      this.#waiting.clear()
    })
  }

  /**
   * @param preload URL of a module that the process loads first
   * @throws ProcessEnded the file was refused
   */
  static async start (options: SqliteOptions, preload?: URL): Promise<FileProcess> {
    const child = fork(ENTRY, [JSON.stringify(options)], {
      serialization: 'advanced', execArgv: preload === undefined ? [] : ['--import', preload.href]
    })
    const opened = new FileProcess(child)
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => { reject(new ProcessEnded()) }).on('message', (answer: Answer) => {
        if ('opened' in answer) resolve()
      })
    })
    return opened
  }

  get running (): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  async call (path: string[], ...args: unknown[]): Promise<unknown> {
    if (!this.running) throw new ProcessEnded()
    const id = ++this.#calls
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // Without a callback, a failure would be an event of the child.
      this.child.send({ id, path, args } satisfies Call, () => {})
    })
  }

  /** Closes the file in peace. */
  async close (): Promise<void> {
    await this.call(['close'])
    this.child.disconnect()
    if (this.running) await once(this.child, 'exit')
  }

  /** kill -9. */
  async kill (): Promise<void> {
    if (!this.running) return
    this.child.kill('SIGKILL')
    await once(this.child, 'exit')
  }

  #part (member: string): object {
    return new Proxy({}, {
      get: (_, method: string) => async (...args: unknown[]) => await this.call([member, method], ...args)
    })
  }

  #onAnswer (answer: Answer): void {
    if ('warning' in answer) this.warnings.push(answer.warning)
    if (!('id' in answer)) return
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(Object.assign(new Error(answer.error.message), answer.error))
    else waiting?.resolve(answer.result)
  }
}
