/** Bytes of one frame at most. Core's messages are far smaller. */
const MOST = 64 * 2 ** 20
const HEADER = 8

/** One message for one channel, as it goes from process to process: two lengths, the channel, the message. */
export function toFrame (channel: string, message: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt32LE(Buffer.byteLength(channel), 0)
  header.writeUInt32LE(message.length, 4)
  return Buffer.concat([header, Buffer.from(channel), message])
}

/** Puts frames together from the chunks of a socket. */
export class FrameReader {
  #chunks: Buffer[] = []
  #length = 0
  /** Bytes until something can be read. */
  #wanted = HEADER

  constructor (private readonly onFrame: (channel: string, message: Buffer) => void) {}

  /** @throws RangeError for a frame that is too long */
  push (chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    while (this.#length >= this.#wanted) this.#read()
  }

  #read (): void {
    const [first] = this.#chunks as [Buffer]
    const all = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    const [channelLength, length] = [all.readUInt32LE(0), all.readUInt32LE(4)]
    const end = HEADER + channelLength + length
    if (end > MOST) throw new RangeError('The frame is too long')
    const whole = all.length >= end
    this.#keep(whole ? all.subarray(end) : all, whole ? HEADER : end)
    if (!whole) return
    const start = HEADER + channelLength
    this.onFrame(all.toString('utf8', HEADER, start), all.subarray(start, end))
  }

  #keep (rest: Buffer, wanted: number): void {
    this.#chunks = [rest]
    this.#length = rest.length
    this.#wanted = wanted
  }
}
