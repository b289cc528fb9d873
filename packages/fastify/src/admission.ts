import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Reply, SERVER_ERROR, errorReply } from '@holdfast/transport'

const PORT = /:\d+$/
/** A name, an IPv4 address, or an IPv6 address in brackets, and a port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i

interface Allowed {
  allowedHosts?: string[] | undefined
  allowedOrigins?: string[] | undefined
}

/**
 * Keeps other people's web pages away from the server: MCP demands a check of Origin, and a check of Host stops DNS
 * rebinding. An app that listens on loopback only answers to loopback names unless it is told otherwise.
 *
 * @returns a check that resolves to the reply for a request that must not come in
 */
export function admission (app: FastifyInstance, { allowedHosts, allowedOrigins }: Allowed): (request: FastifyRequest) => Reply | undefined {
  let local = true
  /** The Host that was let in last: clients name the same one again and again. */
  let known: string | undefined
  app.addHook('onListen', async () => {
    known = undefined
    local = app.addresses().every(address => typeof address === 'object' && isLoopback(address.address))
  })

  const names = allowedHosts?.map(name => name.toLowerCase())
  const hostAllowed = (host: string): boolean => names?.includes(host) ?? (!local || isLoopback(host))
  const originAllowed = (origin: string, host: string): boolean => {
    if (allowedOrigins !== undefined) return allowedOrigins.includes('*') || allowedOrigins.includes(origin)
    if (!URL.canParse(origin)) return false
    const { hostname, host: authority } = new URL(origin)
    return authority === host || (local && isLoopback(hostname))
  }

  return ({ headers, host: forwarded }) => {
    const named = headers.host ?? String(headers[':authority'] ?? '')
    const host = named.toLowerCase()
    if (named !== known || named !== forwarded) {
      if (!isHost(host) || !isHost(forwarded) || !hostAllowed(host.replace(PORT, ''))) return errorReply(403, null, SERVER_ERROR, 'Forbidden: this Host is not allowed')
      known = named
    }
    if (headers.origin !== undefined && !originAllowed(headers.origin, host)) {
      return errorReply(403, null, SERVER_ERROR, 'Forbidden: this Origin is not allowed')
    }
    return undefined
  }
}

function isHost (host: string): boolean {
  return HOST.test(host) && URL.canParse(`http://${host}`)
}

function isLoopback (name: string): boolean {
  return name === 'localhost' || name === '::1' || name === '[::1]' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name)
}
