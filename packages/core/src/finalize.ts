import { type Draft, draftBehind } from './draft.js'
import { type Json, freeze, isObject } from './json.js'

/**
 * A value as a reader of its JSON will find it, frozen, and how many bytes its JSON is longer than that of `before`.
 */
export interface Settled {
  /** Absent where JSON leaves the value out. */
  value: Json | undefined
  growth: number
}

type Members = Record<string, Json>

/** An array of this many is beyond all that can be stored, and may be one that only says that it is that long. */
const LONGEST = 2 ** 24

/**
 * What JSON makes of a value that a change left, at a cost that follows what has changed: whatever is
 * the same as before is shared.
 *
 * @param before what was in its place, frozen JSON; undefined when nothing was
 * @throws TypeError for what JSON cannot say: a value that contains itself, a bigint
 * @throws RangeError when it is nested too deeply
 */
export function settle (given: unknown, before: Json | undefined): Settled {
  if (given === before) return { value: before, growth: 0 }
  const draft = draftBehind(given)
  if (draft !== undefined) {
    const settled = finish(draft)
    return draft.base === before ? settled : { value: settled.value, growth: bytes(settled.value) - bytes(before) }
  }
  if (isOrdinaryArray(given)) return settleArray(given, Array.isArray(before) ? before : undefined, before)
  if (isOrdinaryObject(given)) return settleObject(given, isObject(before) ? before as Members : undefined, before)
  return typeof given === 'string' ? { value: given, growth: bytes(given) - bytes(before) } : roundTrip(given, before)
}

function settleArray (given: readonly unknown[], base: readonly Json[] | undefined, before: Json | undefined): Settled {
  if (given.length > LONGEST) throw new RangeError('too long')
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
      const settled = moved
        ? { value: draft === undefined ? one as Json : finish(draft).value, growth: 0 }
        : settle(one, was)
      now = settled.value ?? null
      same &&= now === was
      if (moved) moves.note(now, was)
      else growth += settled.value === undefined ? 4 - bytes(was) : settled.growth
    }
    value.push(now as Json)
  }
  for (const was of base?.slice(given.length) ?? []) moves.note(undefined, was)
  return same
    ? { value: before, growth: 0 }
    : { value: Object.freeze(value) as Json[], growth: growth + moves.growth + commas(given.length) }
}

/** Values of an array that are elsewhere in it than before: only those that came and those that went are measured. */
class Moves {
  #all: Set<unknown> | undefined
  readonly #counts = new Map<Json | undefined, number>()

  constructor (private readonly base: readonly Json[]) {}

  /** Whether it is of the array as it was, which is frozen, and not minus zero, of which JSON makes another. */
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

function settleObject (given: Record<string, unknown>, base: Members | undefined, before: Json | undefined): Settled {
  const value: Members = {}
  let growth = base === undefined ? 2 - bytes(before) : 0
  let kept = 0
  let changed = base === undefined
  for (const name of Object.keys(given)) {
    const was = own(base, name)
    const settled = settle(given[name], was)
    if (settled.value === undefined) continue
    if (was === undefined) growth += nameBytes(name)
    else kept++
    growth += settled.growth
    changed ||= settled.value !== was
    put(value, name, settled.value)
  }
  const names = Object.keys(base ?? {})
  if (kept < names.length) {
    changed = true
    for (const name of names) if (!Object.hasOwn(value, name)) growth -= memberBytes(name, base?.[name])
  }
  if (!changed) return { value: before, growth: 0 }
  return { value: Object.freeze(value), growth: growth + commas(Object.keys(value).length) - commas(names.length) }
}

const UNDER_WAY: Settled = { value: undefined, growth: 0 }

/** Closes a draft. A second mention of it means the same. */
function finish (draft: Draft): Settled {
  const known = draft.outcome as Settled | undefined
  if (known === UNDER_WAY) throw new TypeError('JSON cannot say what contains itself')
  if (known !== undefined) return known
  draft.outcome = UNDER_WAY
  draft.closed = true
  const settled = finishOpen(draft)
  draft.outcome = settled
  return settled
}

function finishOpen (draft: Draft): Settled {
  const { base, names, odd, target, touched } = draft
  if (odd) return roundTrip(target, base)
  if (!touched) return { value: base, growth: 0 }
  return Array.isArray(target)
    ? settleArray(target, base as Json[], base)
    : finishObject(target, names as Set<string>, base as Members)
}

/** The copy that the draft was becomes the outcome, so that nobody copies a wide object twice. */
function finishObject (target: Record<string, unknown>, names: ReadonlySet<string>, base: Members): Settled {
  let growth = 0
  let changed = false
  let count = 0
  for (const name of names) {
    const was = own(base, name)
    const { value, growth: grown } = Object.hasOwn(target, name)
      ? settle(target[name], was)
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

/** @returns undefined for what JSON leaves out */
function roundTrip (given: unknown, before: Json | undefined): Settled {
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

/** Also under the name `__proto__`, which an assignment would take for something else. */
function put (members: Record<string, unknown>, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true })
  } else {
    members[name] = value
  }
}

/** Bytes of the JSON of a value. */
function bytes (value: Json | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
}

function nameBytes (name: string): number { return bytes(name) + 1 }

function memberBytes (name: string, value: Json | undefined): number { return nameBytes(name) + bytes(value) }

function commas (members: number): number { return Math.max(0, members - 1) }
