import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

interface Question { n: number, name: string, argument: unknown }
interface Answer { n: number, value?: unknown, error?: string }

/** A process of the benchmark that answers questions over IPC. */
export class Child {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void, reject: (error: Error) => void }>()
  #asked = 0

  /** @param module compiled module that calls {@link answer} */
  constructor (module: URL, args: string[] = [], execArgv: string[] = []) {
    this.#process = fork(module, args, { execArgv, serialization: 'advanced' })
    this.#process.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.n)
      this.#waiting.delete(answer.n)
      if (answer.error === undefined) waiting?.resolve(answer.value)
      else waiting?.reject(new Error(answer.error))
    })
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`${module.pathname} ${args.join(' ')} ended with ${code}`))
      }
    })
  }

  ask<T> (name: string, argument?: unknown): Promise<T> {
    const question: Question = { n: ++this.#asked, name, argument }
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.n, { resolve: (value) => resolve(value as T), reject })
      this.#process.send(question)
    })
  }

  /** Ends the process by hanging up, so that it can still write a `--cpu-prof`. */
  async stop (): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.disconnect()
    await gone
  }

  /** Ends the process as `kill -9` does. */
  async kill (): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }
}

/** The other side: what this process answers, by name. It ends when its parent does. */
export function answer (handlers: Record<string, (argument: never) => unknown>): void {
  process.on('message', ({ n, name, argument }: Question) => {
    const reply = (answer: Answer): void => { process.send?.(answer) }
    Promise.resolve(argument as never).then(handlers[name]).then(
      (value) => reply({ n, value }),
      (error: Error) => reply({ n, error: error.stack ?? String(error) })
    )
  })
  process.on('disconnect', () => process.exit())
}
