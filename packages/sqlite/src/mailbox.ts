import { randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type Server, type Socket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { FrameReader } from './frames.js'

/** Bytes of the path of a socket at most; macOS has the shortest limit. */
const LONGEST_PATH = 103

/** Milliseconds in which a process that connects must have sent the token, and bytes that it may send until then. */
const GREETING = 5000
const LONGEST_GREETING = 1024

/** The channel of the first frame of a connection, whose message is the token. */
export const HELLO = ''

/** Receives the messages of other processes, at a socket beside the database. */
export class Mailbox {
  /** What other processes find in the file: see {@link socketOf}. */
  readonly name: string
  #server: Promise<Server> | undefined
  readonly #sockets = new Set<Socket>()

  /**
   * @param database the path of the database
   * @param token everybody who can read the database knows it; read when the mailbox opens
   */
  constructor (
    private readonly database: string,
    private readonly token: () => string,
    private readonly onMessage: (channel: string, message: Buffer) => void
  ) {
    this.name = nameFor(database)
  }

  get isOpen (): boolean { return this.#server !== undefined }

  /** Resolves once messages arrive. */
  async open (): Promise<void> {
    this.#server ??= this.#listen()
    try {
      await this.#server
    } catch (error) {
      this.#server = undefined
      throw error
    }
  }

  /** Listens anew when the socket has gone: somebody may have tidied up. */
  async renew (): Promise<void> {
    if (process.platform === 'win32' || existsSync(socketOf(this.name, this.database))) return
    const server = await this.#server
    server?.close()
    this.#server = undefined
    await this.open()
  }

  async close (): Promise<void> {
    const server = await this.#server?.catch(() => undefined)
    server?.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #listen (): Promise<Server> {
    const token = Buffer.from(this.token())
    const server = createServer((socket) => { this.#accept(socket, token) })
    await new Promise<void>((resolve, reject) => {
      // Of this process alone: a worker of `node:cluster` would share it with the primary, which accepts in its place.
      server.once('error', reject).listen({ path: socketOf(this.name, this.database), exclusive: true }, resolve)
    })
    return server.unref()
  }

  #accept (socket: Socket, token: Buffer): void {
    let greeted = false
    let received = 0
    const reader = new FrameReader((channel, message) => {
      if (greeted) {
        this.onMessage(channel, message)
      } else if (channel === HELLO && message.length === token.length && timingSafeEqual(message, token)) {
        greeted = true
        clearTimeout(timer)
      } else {
        throw new Error('The token is wrong')
      }
    })
    const timer = setTimeout(() => { socket.destroy() }, GREETING).unref()
    this.#sockets.add(socket.unref())
    socket.on('data', (chunk) => {
      received += chunk.length
      try {
        reader.push(chunk)
        if (!greeted && received > LONGEST_GREETING) throw new Error('There was no greeting')
      } catch {
        // It is no process of ours.
        socket.destroy()
      }
    })
    // A process that ends, however it ends, takes its connections with it.
    socket.on('error', () => {}).on('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
    })
  }
}

/** Removes the socket of a process that was killed. */
export async function removeSocket (address: string): Promise<void> {
  if (process.platform !== 'win32') await rm(address, { force: true })
}

/**
 * A new name for a mailbox: that of a socket beside the database, since containers may see the folder at different
 * paths; the path of one elsewhere when the path is too long; on Windows, that of a pipe.
 */
export function nameFor (database: string, platform: string = process.platform): string {
  const name = `holdfast-${randomBytes(6).toString('hex')}`
  if (platform === 'win32') return `\\\\.\\pipe\\${name}`
  return Buffer.byteLength(join(dirname(database), name)) <= LONGEST_PATH ? name : join(tmpdir(), name)
}

/** The path at which this process reaches the mailbox of a name. */
export function socketOf (name: string, database: string): string {
  return isAbsolute(name) || name.startsWith('\\\\') ? name : join(dirname(database), name)
}
