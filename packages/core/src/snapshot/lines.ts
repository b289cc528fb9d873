import type { SnapshotBytes } from './store.js'

/** Bytes of the longest line that is kept. No export writes a longer line, and a longer line must not fill memory. */
export const MAX_LINE = 32 * 2 ** 20

const NEWLINE = 0x0a
const RETURN = 0x0d
const BRACE = 0x7b

/** A line as it was read. */
export interface RawLine {
  /** 1, 2, 3 … */
  number: number
  /** Undefined when the line is no JSON object, or longer than {@link MAX_LINE}: decoding noise would take time. */
  text: string | undefined
}

/**
 * Splits bytes into lines that end in LF or CRLF, without empty lines: the lines of a chunk together, because a promise
 * for each line takes longer than reading it. Holds no more than one chunk and one line at a time.
 */
export async function * chunksOfLines (bytes: SnapshotBytes | Iterable<never>): AsyncGenerator<Iterable<RawLine>> {
  const splitter = new LineSplitter()
  for await (const chunk of bytes) yield splitter.split(chunk)
  yield splitter.end()
}

/** {@link chunksOfLines}, line by line. */
export async function * lines (bytes: SnapshotBytes | Iterable<never>): AsyncGenerator<RawLine> {
  for await (const chunk of chunksOfLines(bytes)) yield * chunk
}

class LineSplitter {
  #number = 1
  #parts: Buffer[] = []
  #size = 0

  #add (part: Buffer): void {
    this.#size += part.length
    if (this.#size > MAX_LINE) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  * split (given: Uint8Array | string): Generator<RawLine> {
    const chunk = typeof given === 'string'
      ? Buffer.from(given)
      : Buffer.from(given.buffer, given.byteOffset, given.byteLength)
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end))
      start = end + 1
      yield * this.end()
    }
    this.#add(chunk.subarray(start))
  }

  /** The line that has been read, unless it is empty. */
  * end (): Generator<RawLine> {
    const bytes = this.#parts.length === 1 ? this.#parts[0] as Buffer : Buffer.concat(this.#parts)
    const length = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length
    const number = this.#number++
    const isEmpty = length === 0 && this.#size <= MAX_LINE
    this.#parts = []
    this.#size = 0
    if (!isEmpty) yield { number, text: bytes[0] === BRACE ? bytes.toString('utf8', 0, length) : undefined }
  }
}
