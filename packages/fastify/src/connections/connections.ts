import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { Connection, LOOK } from './connection.js'
import { Exchange } from './exchange.js'
import { Marks } from './marks.js'
import { whenTaken } from './taken.js'

/** The connections of all plugins that watch a server. */
const WATCHING = new WeakMap<Server, Set<Connections>>()

/**
 * Every connection of the app's servers, over HTTP, HTTPS, HTTP/2 and h2c, with its exchanges and their owners. Node's
 * server does not know enough: it takes a connection without any request for a busy one, and stops its own time-outs
 * once it closes.
 */
export class Connections {
  readonly #all = new Set<Connection<Exchange>>()
  /**
   * Connections under TLS, by their peer, until they have closed. TLS has a socket of its own, without a reference to
   * the socket below it.
   */
  readonly #peers = new Map<string, Connection<Exchange>>()
  readonly #servers = new Set<Server>()
  readonly #connections = new Marks<Connection<Exchange>>()
  readonly #exchanges = new Marks<Exchange>()
  /** A session of HTTP/2 begins while its connection is being accepted. */
  #latest: Connection<Exchange> | undefined
  /** This plugin has drained; other plugins may still serve. */
  #drained = false
  /** All plugins have drained. */
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

  /** No route matches a request. */
  refuse ({ raw }: FastifyRequest): void {
    const exchange = this.#exchanges.get(raw)
    if (exchange !== undefined) exchange.unrouted = true
  }

  /** The reader of a request's body sets its deadlines. */
  leaveBody ({ raw }: FastifyRequest): void {
    const exchange = this.#exchanges.get(raw)
    if (exchange !== undefined) exchange.untimed = true
  }

  /** Resolves when all our replies are done, or when the time is over. */
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

  /** From now on checks which bodies have stalled. */
  drain (): void {
    this.#looking ??= setInterval(() => this.#look(), LOOK).unref()
    this.#look()
  }

  /**
   * Ends our exchanges. Once no other plugin of the app serves any more, it also ends every connection that is or
   * becomes unused or idle. An exchange of another handler goes on until the handler is done, or until its peer stalls.
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

  /** A listener took a connection over as an upgrade, and passed its request to our route. */
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
    // A local socket has no peer address to recognize it by.
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
    // A connection that no server has accepted, such as that of a serverless adapter, is not ours to end.
    const known = socket as Socket | undefined && this.#connections.get(socket)
    const connection = known ?? new Connection<Exchange>(socket)
    if (connection.exchanges.size > 0) connection.prune()
    const exchange = new Exchange(connection)
    connection.exchanges.add(exchange)
    response.once('close', () => this.#over(exchange))
    return exchange
  }

  #over (exchange: Exchange): void {
    const { connection } = exchange
    // After a reply that came before the end of the body, the connection is not free yet.
    if (exchange.ours === undefined || exchange.arrived || this.#closing) connection.exchanges.delete(exchange)
    if (this.#closing && !connection.busyElsewhere) connection.finish()
    this.#settled?.()
  }
}

function peerOf ({ remoteAddress, remotePort, localPort }: Socket): string | undefined {
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort} ${localPort}`
}
