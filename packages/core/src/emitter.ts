/** A listener may fail: see {@link Emitter}. */
export type Listener<T> = (event: T) => void | Promise<void>

type Listeners<Events> = { [Name in keyof Events]?: Set<Listener<Events[Name]>> }

/**
 * Typed events whose listeners cannot harm the emitting code. When a listener throws or rejects, the other listeners
 * still run, and the `error` listeners get the failure. Without an `error` listener, the failure becomes a warning of
 * the process.
 */
export class Emitter<Events extends { error: { error: unknown } }> {
  readonly #listeners: Listeners<Events> = {}

  /** @returns a function that removes the listener */
  on<Name extends keyof Events> (name: Name, listener: Listener<Events[Name]>): () => void {
    const set = (this.#listeners[name] ??= new Set())
    set.add(listener)
    return () => { set.delete(listener) }
  }

  emit<Name extends keyof Events> (name: Name, event: Events[Name]): void {
    const set = this.#listeners[name]
    if (set === undefined || set.size === 0) {
      if (name === 'error') process.emitWarning(describe((event as Events['error']).error), 'HoldfastWarning')
      return
    }
    for (const listener of [...set]) {
      try {
        const result = listener(event)
        if (result instanceof Promise) result.catch(error => this.#failed(name, error))
      } catch (error) {
        this.#failed(name, error)
      }
    }
  }

  #failed (name: keyof Events, error: unknown): void {
    if (name === 'error') process.emitWarning(describe(error), 'HoldfastWarning')
    else this.emit('error', { error } as Events['error'])
  }
}

function describe (error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'a listener failed'
}
