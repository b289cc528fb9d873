import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** A port of this machine that stays the same while the process behind it changes; closed, it refuses connections. */
export class Front {
  #sockets = new Set()
  #target
  #port = 0
  #server = createServer(socket => {
    const onward = connect(this.#target, '127.0.0.1')
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      this.#sockets.add(one)
      one.on('error', () => {}).once('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      }).pipe(other)
    }
  })

  /** @param {number} target the port that connections go to from now on */
  async open (target) {
    this.#target = target
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = this.#server.address().port
  }

  get port () { return this.#port }

  /** Cuts every connection, and takes no other. */
  async close () {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
