import { HoldfastError, InvalidOptionError } from './errors.js'
import { type Json, parseJson } from './json.js'
import { finalize } from './finalize.js'
import type { Format } from './versioned.js'

/** Which values a {@link JsonFormat} accepts. */
export interface JsonFormatOptions<Value> {
  /** Maximum size of an encoded value, in bytes. */
  maxBytes: number
  /**
   * Whether something is a value of this kind.
   *
   * @param before a valid value: parts that are identical to its parts need no check
   */
  isValue (given: unknown, before?: Value): given is Value
  /** The message of the error for anything else. */
  expected: string
}

/** Values of one kind as JSON. */
export class JsonFormat<Value> implements Format<Value> {
  readonly maxBytes: number

  constructor (private readonly options: JsonFormatOptions<Value>) {
    this.maxBytes = options.maxBytes
  }

  begin (given: Value, path: string): { body: Uint8Array, value: Value } {
    const body = this.encode(given)
    if (body.length > this.maxBytes) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE')
    return { body, value: this.#checked(parseJson(body), path) }
  }

  encode (value: Value): Buffer {
    return Buffer.from(stringify(value))
  }

  decode (bytes: Uint8Array): Value {
    const value = parseJson(bytes)
    if (!this.options.isValue(value)) throw new HoldfastError('HOLDFAST_INVALID_STATE')
    return value
  }

  finalize (given: unknown, before: Value): { value: Value, growth: number } {
    const { value, growth } = finalizeWithin(given, before as Json)
    return { value: this.#checked(value, 'update', before), growth }
  }

  #checked (value: unknown, path: string, before?: Value): Value {
    if (!this.options.isValue(value, before)) throw new InvalidOptionError(path, this.options.expected)
    return value
  }
}

/** @throws HoldfastError HOLDFAST_STATE_TOO_LARGE when a value nests too deeply, or is too long */
function finalizeWithin (given: unknown, before: Json): ReturnType<typeof finalize> {
  try {
    return finalize(given, before)
  } catch (error) {
    if (error instanceof RangeError) stringify(given)
    throw error instanceof RangeError ? new HoldfastError('HOLDFAST_STATE_TOO_LARGE') : error
  }
}

function stringify (value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    // The value nests too deeply, or its JSON is longer than a string can be.
    throw error instanceof RangeError ? new HoldfastError('HOLDFAST_STATE_TOO_LARGE') : error
  }
}
