import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Reply, SERVER_ERROR, errorReply } from '@holdfast/transport'
import { refusals } from './refusals.js'

const PORT = /:\d+$/
/** A name, an IPv4 address, or an IPv6 address in brackets, and a port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i

interface Allowed {
  allowedHosts?: string[] | undefined
  allowedOrigins?: string[] | undefined
}

type Check = (request: FastifyRequest) => Reply | undefined

/**
 * Keeps foreign web pages away from the endpoint: MCP demands a check of Origin, and a check of Host stops DNS
 * rebinding. Host and protocol are those of the Fastify request, so with `trustProxy` the forwarded values count. An
 * app that listens on loopback only accepts only loopback names, unless its options allow others.
 *
 * @returns a check that gives the reply to a forbidden request
 */
export function hostCheck (app: FastifyInstance, allowed: Allowed): Check {
  const { allowedOrigins } = allowed
  const isLocal = locality(app)
  const isHostAllowed = namesCheck(app, isLocal, allowed)
  const report = refusals(app.log, 'origin')
  const isOriginAllowed = (origin: string, request: FastifyRequest): boolean => {
    if (allowedOrigins !== undefined) return allowedOrigins.includes('*') || allowedOrigins.includes(origin)
    return isOwnOrigin(origin, request) || (isLocal() && URL.canParse(origin) && isLoopback(new URL(origin).hostname))
  }
  return request => {
    if (!isHostAllowed(request)) return errorReply(403, null, SERVER_ERROR, 'Forbidden: this Host is not allowed')
    const { origin } = request.headers
    if (origin === undefined || isOriginAllowed(origin, request)) return undefined
    report(origin)
    return errorReply(403, null, SERVER_ERROR, 'Forbidden: this Origin is not allowed')
  }
}

/**
 * The rule of the admin routes: they accept web pages of the server's own origin only. The option `allowedOrigins` does
 * not count.
 *
 * @returns whether a request is allowed
 */
export function adminHostCheck (app: FastifyInstance, allowed: Allowed): (request: FastifyRequest) => boolean {
  const isHostAllowed = namesCheck(app, locality(app), allowed)
  return request => isHostAllowed(request) && isOwnPage(request)
}

/** Browsers set these headers themselves, and no page can change them. */
function isOwnPage (request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  return origin === undefined || isOwnOrigin(origin, request)
}

function namesCheck (
  app: FastifyInstance, isLocal: () => boolean, { allowedHosts }: Allowed
): (request: FastifyRequest) => boolean {
  const report = refusals(app.log, 'host')
  const names = allowedHosts?.map(name => name.toLowerCase())
  /** The last accepted values, because clients name the same host again and again. */
  let known: { named: string, host: string, local: boolean } | undefined
  const refuse = (host: string): false => {
    report(host)
    return false
  }
  return ({ headers, host }) => {
    const named = headers.host ?? String(headers[':authority'] ?? '')
    const local = isLocal()
    if (known !== undefined && named === known.named && host === known.host && local === known.local) return true
    if (!isHost(named) || !isHost(host)) return false
    // A page that has rebound its name to loopback can add an X-Forwarded-Host, but not change Host.
    if (local && !isLoopback(nameOf(named)) && names?.includes(nameOf(named)) !== true) return refuse(named)
    if (names?.includes(nameOf(host)) === false) return refuse(host)
    known = { named, host, local }
    return true
  }
}

/** @returns whether the app listens, and on loopback only */
function locality (app: FastifyInstance): () => boolean {
  let local = false
  const look = (): void => {
    const addresses = app.addresses()
    local = addresses.length > 0 &&
      addresses.every(address => typeof address === 'object' && isLoopback(address.address))
  }
  // Before any client can connect, and once more when every address is bound.
  app.server.prependListener('listening', look)
  app.addHook('onListen', async () => { look() })
  look()
  return () => local
}

/** Default ports make no difference. A page that came without TLS is not from a server behind TLS. */
function isOwnOrigin (origin: string, { host, protocol }: FastifyRequest): boolean {
  if (!URL.canParse(origin)) return false
  const page = new URL(origin)
  if (page.protocol !== 'https:' && (page.protocol !== 'http:' || protocol === 'https')) return false
  return URL.canParse(`${page.protocol}//${host}`) && new URL(`${page.protocol}//${host}`).host === page.host
}

function nameOf (host: string): string {
  return host.toLowerCase().replace(PORT, '')
}

function isHost (host: string): boolean {
  return HOST.test(host) && URL.canParse(`http://${host}`)
}

/** Whether an address or a host name belongs to loopback. */
export function isLoopback (name: string): boolean {
  return name === 'localhost' || name === '::1' || name === '[::1]' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name)
}
