import type { Json } from './json.js'

type Container = Record<string, unknown>

/** Asks a proxy of ours for its draft. A WeakMap of as many costs the garbage collector more than all the rest. */
const DRAFT = Symbol('draft')

/** The draft behind a value that a change left; undefined for any other value. */
export function draftBehind (value: unknown): Draft | undefined {
  return typeof value === 'object' && value !== null ? (value as { [DRAFT]?: Draft })[DRAFT] : undefined
}

/**
 * A copy of frozen JSON that may be changed in place, made as deep as somebody looks into it: what nobody looked at is
 * shared with the original. The proxy shows it as an ordinary object or array.
 */
export class Draft implements ProxyHandler<Container> {
  readonly proxy: object
  readonly target: Container
  /** Of an object, the names that were read as drafts of their own, written or deleted. */
  names: Set<string> | undefined = undefined
  /** Something was read as a draft of its own, written or deleted. */
  touched = false
  /** Something happened that only a round trip through JSON renders faithfully, such as a property with a getter. */
  odd = false
  /** Nothing is taken over any more. */
  closed = false
  /** What came of it, once that is known. */
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

  /** Puts a draft where the original's own part still is. */
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
