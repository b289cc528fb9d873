import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { Connection, carry, connectionOf } from './connection.js'
import { Exchange, exchangeOf, mark } from './exchange.js'
import { whenTaken } from './taken.js'

/**
 * Every connection of the app's servers, over HTTP, HTTPS, HTTP/2 and h2c, with what is under way on it and whose it is. Node's server
 * does not tell: it takes a connection on which nothing was ever asked for a busy one, and stops its own time-outs once it closes.
 */
export class Connections {
  readonly #all = new Set<Connection>()
  /** Those that are under TLS, by their peer, until they have closed: TLS has a socket of its own, which does not name this one. */
  readonly #peers = new Map<string, Connection>()
  readonly #servers = new Set<Server>()
  /** A session of HTTP/2 begins while its connection is being accepted. */
  #latest: Connection | undefined
  #closing = false
  #settled: (() => void) | undefined

  [Symbol.iterator] (): Iterator<Connection> { return this.#all[Symbol.iterator]() }

  /** Watches a server. Its own listeners come after ours. */
  watch (server: Server): void {
    if (this.#servers.has(server)) return
    this.#servers.add(server)
    server.prependListener('connection', socket => this.#accepted(socket, server instanceof TlsServer))
    server.prependListener('secureConnection', (socket: Socket) => this.#secured(socket))
    server.prependListener('session', (session: ServerHttp2Session) => this.#opened(session))
    server.prependListener('stream', (stream: ServerHttp2Stream) => this.#streamed(stream))
    server.prependListener('request', (request, response) => this.#requested(request, response))
    whenTaken(server, socket => {
      const connection = connectionOf(socket)
      if (connection !== undefined) connection.taken = true
    })
  }

  /** A request is for one of our routes. */
  serve (request: object, log: FastifyBaseLogger): void {
    const exchange = exchangeOf(request)
    if (exchange !== undefined) exchange.ours = log
  }

  /** Whoever reads the body of a request sets its deadlines. */
  leaveBody ({ raw }: FastifyRequest): void {
    const exchange = exchangeOf(raw)
    if (exchange !== undefined) exchange.untimed = true
  }

  /** Resolves when no reply of ours is under way any more, or when the time is over. */
  async flushed (timeout: number): Promise<void> {
    if (!this.#isServing) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, timeout)
      this.#settled = () => {
        if (this.#isServing) return
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Ends what is unused, idle or ours, now and from now on. What is others' goes on until it is idle. */
  close (): void {
    this.#closing = true
    for (const connection of this.#all) connection.finish()
  }

  get #isServing (): boolean {
    for (const { exchanges } of this.#all) for (const { underWay } of exchanges) if (underWay) return true
    return false
  }

  #accepted (socket: Socket, underTls: boolean): void {
    const peer = underTls ? peerOf(socket) : undefined
    if (this.#closing) socket.destroy()
    // A local socket has no peer to know it by again.
    else if (!underTls) this.#add(socket)
    else if (peer !== undefined) {
      const connection = this.#add(socket)
      this.#peers.set(peer, connection)
      socket.once('close', () => { this.#peers.delete(peer) })
    }
  }

  #secured (socket: Socket): void {
    const connection = this.#peers.get(peerOf(socket) ?? '')
    if (connection === undefined) this.#add(socket)
    else {
      connection.socket = socket
      carry(socket, connection)
      this.#latest = connection
    }
  }

  #opened (session: ServerHttp2Session): void {
    const connection = this.#latest
    // A connection that was refused may still become a session.
    if (this.#closing || connection === undefined) return session.destroy()
    connection.session = session
    carry(session, connection)
  }

  #add (socket: Socket): Connection {
    const connection = new Connection(socket)
    carry(socket, connection)
    this.#all.add(connection)
    this.#latest = connection
    socket.once('close', () => {
      this.#all.delete(connection)
      this.#settled?.()
    })
    return connection
  }

  #streamed (stream: ServerHttp2Stream): void {
    const { session } = stream
    const connection = session && connectionOf(session)
    if (connection === undefined) return
    const exchange = new Exchange(connection, stream)
    mark(stream, exchange)
    connection.exchanges.add(exchange)
    stream.once('close', () => this.#over(exchange))
  }

  #requested (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
    const exchange = 'stream' in request ? exchangeOf(request.stream) : this.#begin(request, response)
    if (exchange === undefined) return
    exchange.request = request
    exchange.response = response
    mark(request, exchange)
  }

  #begin ({ socket }: IncomingMessage, response: ServerResponse | Http2ServerResponse): Exchange {
    // One that no server has accepted, such as that of a serverless adapter, is not ours to end.
    const connection = (socket as Socket | undefined && connectionOf(socket)) ?? new Connection(socket)
    if (connection.exchanges.size > 0) connection.prune()
    const exchange = new Exchange(connection)
    connection.exchanges.add(exchange)
    response.once('close', () => this.#over(exchange))
    return exchange
  }

  #over (exchange: Exchange): void {
    const { connection } = exchange
    // A reply that came before the end of the body leaves a connection that is not free yet.
    if (exchange.ours === undefined || exchange.arrived || this.#closing) connection.exchanges.delete(exchange)
    if (this.#closing && !connection.busyElsewhere) connection.finish()
    this.#settled?.()
  }
}

function peerOf ({ remoteAddress, remotePort, localPort }: Socket): string | undefined {
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort} ${localPort}`
}
