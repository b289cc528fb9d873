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

/** Splits bytes into lines that end in LF or CRLF, without empty lines. Holds no more than one line at a time. */
export async function * lines (bytes: SnapshotBytes | Iterable<never>): AsyncGenerator<RawLine> {
  let number = 1
  let parts: Buffer[] = []
  let size = 0
  const take = (): RawLine | undefined => {
    const bytes = parts.length === 1 ? parts[0] as Buffer : Buffer.concat(parts)
    const length = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length
    const line = { number: number++, text: bytes[0] === BRACE ? bytes.toString('utf8', 0, length) : undefined }
    const empty = length === 0 && size <= MAX_LINE
    parts = []
    size = 0
    return empty ? undefined : line
  }
  const add = (part: Buffer): void => {
    size += part.length
    if (size > MAX_LINE) parts = []
    else if (part.length > 0) parts.push(part)
  }
  for await (const given of bytes) {
    const chunk = typeof given === 'string'
      ? Buffer.from(given)
      : Buffer.from(given.buffer, given.byteOffset, given.byteLength)
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      start = end + 1
      const line = take()
      if (line !== undefined) yield line
    }
    add(chunk.subarray(start))
  }
  const last = take()
  if (last !== undefined) yield last
}
