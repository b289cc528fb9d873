import type { Readable } from 'node:stream'

/**
 * Characters that are buffered ahead of the client, in every version of Node. It is also the size of one piece, so that
 * the progress of a slow reader can be seen.
 */
export const READ_AHEAD = 16_384

/** Pushes a text in pieces. @returns what the last `push` says: false when the reader should be waited for */
export function pushPieces (stream: Readable, text: string): boolean {
  let from = 0
  while (text.length - from > READ_AHEAD) {
    // A surrogate pair is one character, and must not be split.
    const end = from + READ_AHEAD - (isHighSurrogate(text.charCodeAt(from + READ_AHEAD - 1)) ? 1 : 0)
    stream.push(text.slice(from, end))
    from = end
  }
  return stream.push(from === 0 ? text : text.slice(from))
}

function isHighSurrogate (code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
