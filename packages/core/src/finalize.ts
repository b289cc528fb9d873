import { type Draft, draftBehind } from './draft.js'
import { type Json, freeze, isObject } from './json.js'

/** The outcome of {@link finalize}. */
export interface Finalized {
  /** The value as a reader of its JSON gets it, frozen. Undefined where JSON leaves the value out. */
  value: Json | undefined
  /** How many bytes the JSON of the value is longer than the JSON of the value before. */
  growth: number
}

type Members = Record<string, Json>

/** A longer array cannot be stored. It may be an empty array whose `length` was set, and must not take time. */
const MAX_LENGTH = 2 ** 24

/**
 * Turns a value that a change left into frozen JSON. Unchanged parts are shared with the value before, so the cost
 * depends on the size of the change, not on the size of the value.
 *
 * @param before the frozen JSON in the place of the value before the change; undefined when there was none
 * @throws TypeError for a value that JSON cannot represent: one that contains itself, or a bigint
 * @throws RangeError when the value nests too deeply
 */
export function finalize (given: unknown, before: Json | undefined): Finalized {
  if (given === before) return { value: before, growth: 0 }
  const draft = draftBehind(given)
  if (draft !== undefined) {
    const finalized = finalizeDraft(draft)
    const { value } = finalized
    return draft.base === before ? finalized : { value, growth: bytes(value) - bytes(before) }
  }
  if (isOrdinaryArray(given)) return finalizeArray(given, Array.isArray(before) ? before : undefined, before)
  if (isOrdinaryObject(given)) return finalizeObject(given, isObject(before) ? before as Members : undefined, before)
  return typeof given === 'string' ? { value: given, growth: bytes(given) - bytes(before) } : roundTrip(given, before)
}

function finalizeArray (
  given: readonly unknown[], base: readonly Json[] | undefined, before: Json | undefined
): Finalized {
  if (given.length > MAX_LENGTH) throw new RangeError('too long')
  let same = base?.length === given.length
  let growth = base === undefined ? 2 - bytes(before) : -commas(base.length)
  const value: Json[] = []
  const moves = new Moves(base ?? [])
  for (let i = 0; i < given.length; i++) {
    const was = base?.[i]
    const one = given[i] ?? null
    let now: Json | undefined = was
    if (one !== was) {
      const draft = draftBehind(one)
      const moved = draft === undefined ? moves.known(one) : draft.base !== was
      const finalized = moved
        ? { value: draft === undefined ? one as Json : finalizeDraft(draft).value, growth: 0 }
        : finalize(one, was)
      now = finalized.value ?? null
      same &&= now === was
      if (moved) moves.note(now, was)
      else growth += finalized.value === undefined ? 4 - bytes(was) : finalized.growth
    }
    value.push(now as Json)
  }
  for (const was of base?.slice(given.length) ?? []) moves.note(undefined, was)
  return same
    ? { value: before, growth: 0 }
    : { value: Object.freeze(value) as Json[], growth: growth + moves.growth + commas(given.length) }
}

/** The values of an array that moved within it. Only values that came or went change the size of its JSON. */
class Moves {
  #all: Set<unknown> | undefined
  readonly #counts = new Map<Json | undefined, number>()

  constructor (private readonly base: readonly Json[]) {}

  /** Whether a value was part of the array before the change. Minus zero does not count: JSON turns it into zero. */
  known (value: unknown): boolean {
    if (!Object.isFrozen(value)) return false
    this.#all ??= new Set(this.base)
    return this.#all.has(value) && !Object.is(value, -0)
  }

  note (now: Json | undefined, was: Json | undefined): void {
    this.#count(now, 1)
    this.#count(was, -1)
  }

  get growth (): number {
    let growth = 0
    for (const [value, count] of this.#counts) if (count !== 0) growth += count * bytes(value)
    return growth
  }

  #count (value: Json | undefined, step: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + step)
  }
}

function finalizeObject (
  given: Record<string, unknown>, base: Members | undefined, before: Json | undefined
): Finalized {
  const value: Members = {}
  let growth = base === undefined ? 2 - bytes(before) : 0
  let kept = 0
  let changed = base === undefined
  for (const name of Object.keys(given)) {
    const was = own(base, name)
    const finalized = finalize(given[name], was)
    if (finalized.value === undefined) continue
    if (was === undefined) growth += nameBytes(name)
    else kept++
    growth += finalized.growth
    changed ||= finalized.value !== was
    put(value, name, finalized.value)
  }
  const names = Object.keys(base ?? {})
  if (kept < names.length) {
    changed = true
    for (const name of names) if (!Object.hasOwn(value, name)) growth -= memberBytes(name, base?.[name])
  }
  if (!changed) return { value: before, growth: 0 }
  return { value: Object.freeze(value), growth: growth + commas(Object.keys(value).length) - commas(names.length) }
}

const UNDER_WAY: Finalized = { value: undefined, growth: 0 }

/** Closes a draft. When the same draft occurs twice in a value, both get the same outcome. */
function finalizeDraft (draft: Draft): Finalized {
  const known = draft.outcome as Finalized | undefined
  if (known === UNDER_WAY) throw new TypeError('JSON cannot represent a value that contains itself')
  if (known !== undefined) return known
  draft.outcome = UNDER_WAY
  draft.closed = true
  const finalized = finalizeOpenDraft(draft)
  draft.outcome = finalized
  return finalized
}

function finalizeOpenDraft (draft: Draft): Finalized {
  const { base, names, odd, target, touched } = draft
  if (odd) return roundTrip(target, base)
  if (!touched) return { value: base, growth: 0 }
  return Array.isArray(target)
    ? finalizeArray(target, base as Json[], base)
    : finalizeDraftObject(target, names as Set<string>, base as Members)
}

/** The copy inside the draft becomes the outcome, so that a wide object is copied only once. */
function finalizeDraftObject (target: Record<string, unknown>, names: ReadonlySet<string>, base: Members): Finalized {
  let growth = 0
  let changed = false
  let count = 0
  for (const name of names) {
    const was = own(base, name)
    const { value, growth: grown } = Object.hasOwn(target, name)
      ? finalize(target[name], was)
      : { value: undefined, growth: 0 }
    changed ||= value !== was
    if (value === undefined) {
      delete target[name]
      if (was === undefined) continue
      growth -= memberBytes(name, was)
      count--
    } else {
      put(target, name, value)
      growth += grown
      if (was !== undefined) continue
      growth += nameBytes(name)
      count++
    }
  }
  if (!changed) return { value: base, growth: 0 }
  if (count !== 0) {
    const before = Object.keys(base).length
    growth += commas(before + count) - commas(before)
  }
  return { value: Object.freeze(target) as Members, growth }
}

/** The value is undefined where JSON leaves it out. */
function roundTrip (given: unknown, before: Json | undefined): Finalized {
  const text = JSON.stringify(given) as string | undefined
  if (text === undefined) return { value: undefined, growth: -bytes(before) }
  return { value: freeze(JSON.parse(text)), growth: Buffer.byteLength(text) - bytes(before) }
}

function isOrdinaryArray (value: unknown): value is unknown[] {
  return Array.isArray(value) && typeof (value as { toJSON?: unknown }).toJSON !== 'function'
}

function isOrdinaryObject (value: unknown): value is Record<string, unknown> {
  if (!isObject(value) || typeof value.toJSON === 'function') return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function own (members: Members | undefined, name: string): Json | undefined {
  return members !== undefined && Object.hasOwn(members, name) ? members[name] : undefined
}

/** Sets a member. An assignment to the name `__proto__` would change the prototype instead. */
function put (members: Record<string, unknown>, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true })
  } else {
    members[name] = value
  }
}

/** The size of a value's JSON. */
function bytes (value: Json | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
}

function nameBytes (name: string): number { return bytes(name) + 1 }

function memberBytes (name: string, value: Json | undefined): number { return nameBytes(name) + bytes(value) }

function commas (members: number): number { return Math.max(0, members - 1) }
