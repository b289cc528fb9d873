/**
 * Notes on Node's objects which object of ours they belong to. Each plugin of an app has its own notes. A map would
 * cost each request more.
 */
export class Marks<Owner extends object> {
  readonly #name = Symbol('holdfast')

  set (target: object, owner: Owner): void {
    (target as Record<symbol, Owner>)[this.#name] = owner
  }

  get (target: object): Owner | undefined {
    return (target as Record<symbol, Owner | undefined>)[this.#name]
  }
}
