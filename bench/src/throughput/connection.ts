import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const CHUNKED = -1
const CHUNKED_END = '\r\n0\r\n\r\n'

/**
 * One keep-alive connection with one request at a time. Leaner than a general client, because on two cores
 * whatever the client takes is missing from the server's speed.
 */
export class Connection {
  readonly #socket: Socket
  #received = ''
  #expected = Infinity
  #waiting: { resolve: (response: string) => void, reject: (error: Error) => void } | undefined

  private constructor (socket: Socket) {
    this.#socket = socket
    socket.setNoDelay().setEncoding('latin1')
    socket.on('data', (text: string) => { this.#receive(text) })
    socket.on('error', (error) => { this.#waiting?.reject(error) })
    socket.on('close', () => { this.#waiting?.reject(new Error('The server closed the connection')) })
  }

  static async open (port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Sends a whole HTTP request. Resolves to the whole response as it came, head and body. */
  exchange (request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request, 'latin1')
    })
  }

  close (): void {
    this.#socket.destroy()
  }

  #receive (text: string): void {
    this.#received += text
    if (this.#expected === Infinity) this.#expected = responseLength(this.#received)
    if (this.#expected === CHUNKED ? !this.#received.endsWith(CHUNKED_END) : this.#received.length < this.#expected) {
      return
    }
    const response = this.#received
    this.#received = ''
    this.#expected = Infinity
    this.#waiting?.resolve(response)
  }
}

/** Characters of the whole response, {@link CHUNKED}, or Infinity while the head is incomplete. */
function responseLength (received: string): number {
  const head = received.indexOf('\r\n\r\n')
  if (head === -1) return Infinity
  const length = /^content-length: (\d+)\r$/im.exec(received.slice(0, head + 1))
  return length === null ? CHUNKED : head + 4 + Number(length[1])
}
