import type { Json } from './json.js'

type Container = Record<string, unknown>

/**
 * The property by which a proxy reveals its draft. A WeakMap of proxies would burden the garbage collector too much.
 */
const DRAFT = Symbol('draft')

/** The draft behind a proxy that a change left in the value; undefined for any other value. */
export function draftBehind (value: unknown): Draft | undefined {
  return typeof value === 'object' && value !== null ? (value as { [DRAFT]?: Draft })[DRAFT] : undefined
}

/**
 * A copy of frozen JSON that may be changed in place. Only the parts that the change reads are copied; the other parts
 * are shared with the original. The proxy looks like an ordinary object or array.
 */
export class Draft implements ProxyHandler<Container> {
  readonly proxy: object
  readonly target: Container
  /** For an object: the names of members that were written, deleted, or read as drafts of their own. */
  names: Set<string> | undefined = undefined
  /** A member was written, deleted, or read as a draft of its own. */
  touched = false
  /** The change did something that only a round trip through JSON renders faithfully, for example defined a getter. */
  odd = false
  /** The draft takes no further changes. */
  closed = false
  /** The finalized value, once it is known. */
  outcome: unknown = undefined

  constructor (readonly base: Json & object) {
    this.target = (Array.isArray(base) ? base.slice() : { ...base }) as Container
    this.proxy = new Proxy(this.target, this)
  }

  get (target: Container, name: string | symbol, receiver: unknown): unknown {
    if (typeof name === 'string') this.#deepen(name)
    else if (name === DRAFT) return receiver === this.proxy ? this : undefined
    return Reflect.get(target, name)
  }

  set (target: Container, name: string | symbol, value: unknown): boolean {
    if (this.closed) return false
    this.#note(name)
    return Reflect.set(target, name, value)
  }

  deleteProperty (target: Container, name: string | symbol): boolean {
    if (this.closed) return false
    this.#note(name)
    return Reflect.deleteProperty(target, name)
  }

  getOwnPropertyDescriptor (target: Container, name: string | symbol): PropertyDescriptor | undefined {
    if (typeof name === 'string') this.#deepen(name)
    return Reflect.getOwnPropertyDescriptor(target, name)
  }

  defineProperty (target: Container, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.odd = true
    return Reflect.defineProperty(target, name, descriptor)
  }

  setPrototypeOf (target: Container, prototype: object | null): boolean {
    this.odd = true
    return Reflect.setPrototypeOf(target, prototype)
  }

  preventExtensions (target: Container): boolean {
    this.odd = true
    return Reflect.preventExtensions(target)
  }

  /** Replaces a member that is still the original's by a draft of it. */
  #deepen (name: string): void {
    const { base, target } = this
    const value = (base as Container)[name]
    if (typeof value !== 'object' || value === null || this.closed) return
    if (!Object.hasOwn(target, name) || value !== target[name] || !Object.isExtensible(target)) return
    this.#touch(name)
    target[name] = new Draft(value as Json & object).proxy
  }

  #note (name: string | symbol): void {
    if (typeof name === 'symbol' || name === 'toJSON' || !this.#isOrdinary(name)) this.odd = true
    else this.#touch(name)
  }

  #touch (name: string): void {
    this.touched = true
    if (!Array.isArray(this.base)) (this.names ??= new Set()).add(name)
  }

  #isOrdinary (name: string): boolean {
    if (Array.isArray(this.base)) return name === 'length' || /^\d+$/.test(name)
    return name !== '__proto__' || Object.hasOwn(this.target, name)
  }
}
