import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { Connection, LOOK } from './connection.js'
import { Exchange } from './exchange.js'
import { Marks } from './marks.js'
import { whenTaken } from './taken.js'

/** Those of all plugins that watch a server. */
const WATCHING = new WeakMap<Server, Set<Connections>>()

/**
 * Every connection of the app's servers, over HTTP, HTTPS, HTTP/2 and h2c, with what is under way on it and whose it is. Node's server
 * does not tell: it takes a connection on which nothing was ever asked for a busy one, and stops its own time-outs once it closes.
 */
export class Connections {
  readonly #all = new Set<Connection<Exchange>>()
  /** Those that are under TLS, by their peer, until they have closed: TLS has a socket of its own, which does not name this one. */
  readonly #peers = new Map<string, Connection<Exchange>>()
  readonly #servers = new Set<Server>()
  readonly #connections = new Marks<Connection<Exchange>>()
  readonly #exchanges = new Marks<Exchange>()
  /** A session of HTTP/2 begins while its connection is being accepted. */
  #latest: Connection<Exchange> | undefined
  /** This plugin has drained; the others may still serve. */
  #drained = false
  /** All have. */
  #closing = false
  #looking: NodeJS.Timeout | undefined
  #settled: (() => void) | undefined

  [Symbol.iterator] (): Iterator<Connection<Exchange>> { return this.#all[Symbol.iterator]() }

  /** Watches a server. Its own listeners come after ours. */
  watch (server: Server): void {
    this.#servers.add(server)
    const watching = WATCHING.get(server) ?? new Set()
    WATCHING.set(server, watching.add(this))
    server.prependListener('connection', socket => this.#accepted(socket, server instanceof TlsServer))
    server.prependListener('secureConnection', (socket: Socket) => this.#secured(socket))
    server.prependListener('session', (session: ServerHttp2Session) => this.#opened(session))
    server.prependListener('stream', (stream: ServerHttp2Stream) => this.#streamed(stream))
    server.prependListener('request', (request, response) => this.#requested(request, response))
    whenTaken(server, by => {
      const taken = 'stream' in by ? this.#exchanges.get(by.stream) : this.#connections.get(by)
      if (taken !== undefined) taken.taken = true
    })
  }

  /** A request is for one of our routes. */
  serve (request: IncomingMessage | Http2ServerRequest, log: FastifyBaseLogger): void {
    const exchange = this.#exchanges.get(request) ?? this.#upgraded(request)
    if (exchange !== undefined) exchange.ours = log
  }

  /** A request is for nobody's route. */
  refuse ({ raw }: FastifyRequest): void {
    const exchange = this.#exchanges.get(raw)
    if (exchange !== undefined) exchange.unrouted = true
  }

  /** Whoever reads the body of a request sets its deadlines. */
  leaveBody ({ raw }: FastifyRequest): void {
    const exchange = this.#exchanges.get(raw)
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

  /** From now on looks whose bodies stand still. */
  drain (): void {
    this.#looking ??= setInterval(() => this.#look(), LOOK).unref()
    this.#look()
  }

  /**
   * Ends what is ours, and, once no other plugin of the app serves any more, what is unused or idle, now and from now on. What others
   * are at work on goes on until they are done, or until its peer stands still.
   */
  close (): void {
    this.#drained = true
    const watching = new Set(Array.from(this.#servers, server => [...WATCHING.get(server) as Set<Connections>]).flat())
    if ([...watching].every(connections => connections.#drained)) for (const connections of watching) connections.#end()
    else for (const connection of this.#all) connection.release()
  }

  #end (): void {
    this.#closing = true
    this.drain()
    for (const connection of this.#all) connection.finish()
  }

  #look (): void {
    for (const connection of this.#all) {
      connection.look()
      if (this.#closing && connection.isStill) connection.finish()
    }
    if (this.#closing && this.#all.size === 0) clearInterval(this.#looking)
  }

  /** Whoever took a connection over as an upgrade has our route serve it. */
  #upgraded (request: IncomingMessage | Http2ServerRequest): Exchange | undefined {
    const connection = request.socket as Socket | undefined && this.#connections.get(request.socket)
    if (connection?.taken !== true) return undefined
    connection.taken = false
    const exchange = new Exchange(connection)
    exchange.request = request
    connection.exchanges.add(exchange)
    return exchange
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
      this.#connections.set(socket, connection)
      this.#latest = connection
    }
  }

  #opened (session: ServerHttp2Session): void {
    const connection = this.#latest
    // A connection that was refused may still become a session, even the first.
    if (this.#closing || connection === undefined) return session.destroy()
    connection.session = session
    this.#connections.set(session, connection)
  }

  #add (socket: Socket): Connection<Exchange> {
    const connection = new Connection<Exchange>(socket)
    this.#connections.set(socket, connection)
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
    const connection = session && this.#connections.get(session)
    if (connection === undefined) return
    const exchange = new Exchange(connection, stream)
    this.#exchanges.set(stream, exchange)
    connection.exchanges.add(exchange)
    stream.once('close', () => this.#over(exchange))
  }

  #requested (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
    const exchange = 'stream' in request ? this.#exchanges.get(request.stream) : this.#begin(request, response)
    if (exchange === undefined) return
    exchange.request = request
    exchange.response = response
    this.#exchanges.set(request, exchange)
  }

  #begin ({ socket }: IncomingMessage, response: ServerResponse | Http2ServerResponse): Exchange {
    // One that no server has accepted, such as that of a serverless adapter, is not ours to end.
    const connection = (socket as Socket | undefined && this.#connections.get(socket)) ?? new Connection<Exchange>(socket)
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
