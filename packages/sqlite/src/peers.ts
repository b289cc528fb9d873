import { lstat } from 'node:fs/promises'
import { type Socket, connect } from 'node:net'
import { toFrame } from './frames.js'
import { HELLO } from './mailbox.js'

/** Milliseconds until a process that does not accept a connection counts as stopped. */
const CONNECT_WAIT = 1000

/** Bytes that may wait for a process that does not read. Beyond this, it misses messages. */
const MOST_WAITING = 16 * 2 ** 20

/** The connections to the mailboxes of other processes. */
export class Peers {
  readonly #sockets = new Map<string, Promise<Socket>>()
  #closed = false

  /** @param token see {@link Mailbox} */
  constructor (private readonly token: () => string) {}

  /**
   * Resolves to whether the message is on its way.
   *
   * @throws an error of the system when nobody accepts the connection
   */
  async send (address: string, channel: string, message: Uint8Array): Promise<boolean> {
    let socket = await this.#socket(address)
    if (!socket.writable) {
      // Its process has ended, or has begun anew.
      this.#sockets.delete(address)
      socket = await this.#socket(address)
    }
    if (this.#closed) socket.destroy()
    if (!socket.writable || socket.writableLength > MOST_WAITING) return false
    socket.write(toFrame(channel, message))
    return true
  }

  /**
   * Connects to a process, unless it is connected.
   *
   * @throws an error of the system when nobody accepts the connection
   */
  async meet (address: string): Promise<void> {
    await this.#socket(address)
  }

  close (): void {
    this.#closed = true
    for (const socket of this.#sockets.values()) socket.then((socket) => { socket.destroy() }, () => {})
    this.#sockets.clear()
  }

  async #socket (address: string): Promise<Socket> {
    const known = this.#sockets.get(address)
    if (known !== undefined) return await known
    const made = this.#connect(address)
    this.#sockets.set(address, made)
    const forget = (): void => {
      if (this.#sockets.get(address) === made) this.#sockets.delete(address)
    }
    try {
      const socket = await made
      return socket.once('close', forget)
    } catch (error) {
      forget()
      throw error
    }
  }

  async #connect (address: string): Promise<Socket> {
    if (await isForeign(address)) throw Object.assign(new Error('no process of ours'), { code: 'ENOENT' })
    const socket = connect(address).unref()
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(CONNECT_WAIT, () => { socket.destroy(new Error('no answer')) })
      socket.once('error', reject).once('connect', resolve)
    })
    socket.setTimeout(0)
    // The end of the other process is no failure of this one.
    socket.on('error', () => {})
    socket.write(toFrame(HELLO, Buffer.from(this.token())))
    return socket
  }
}

/** A socket in the temporary folder may be that of another user, who would get the token and the messages. */
async function isForeign (address: string): Promise<boolean> {
  return process.getuid !== undefined && (await lstat(address)).uid !== process.getuid()
}
