import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import {
  INVALID_REQUEST, PARSE_ERROR, type Reply, SERVER_ERROR, emptyReply, errorReply, header, idOf
} from '@holdfast/transport'
import { acceptCheck } from './accept-header.js'
import type { Connections } from './connections/connections.js'
import { serveRoutes } from './connections/routes.js'
import { contextReaders } from './context.js'
import type { Served } from './eras/eras.js'
import type { ClientCounter } from './eras/client-counter.js'
import { FastifyInbound } from './fastify-inbound.js'
import { hostCheck } from './host-check.js'
import { jsonParser } from './json-parser.js'
import { paced } from './large-body.js'
import type { Requests } from './metrics/requests.js'
import { principalReader } from './principal.js'
import { setHeaders } from './reply-headers.js'
import type { Settings } from './check-options.js'
import { redirectSlash } from './trailing-slash.js'

const ALLOWED = { sessions: 'GET, POST, DELETE', off: 'POST' }

const VERBS = { get: 'GET', delete: 'DELETE' } as const

/** OpenAPI has no words for an endpoint of JSON-RPC, so @fastify/swagger leaves it out. */
const schema = { hide: true } as FastifySchema

/** Who is told of requests. */
interface Watching {
  connections: Connections
  clients: ClientCounter
  /** Called with each request that is answered 400. */
  onRefused: (request: FastifyRequest) => void
  requests: Requests | undefined
}

/** Adds the endpoint's routes. They need a scope of their own, because its parser and its error bodies differ. */
export function routes (
  scope: FastifyInstance, served: Served, settings: Settings,
  { connections, clients, onRefused, requests }: Watching
): void {
  const { path, bodyLimit, authInfo } = settings
  const allowed = ALLOWED[settings.legacy]
  const checkHost = hostCheck(scope, settings)
  const readPrincipal = principalReader(settings)
  const host = { contexts: contextReaders(settings.context), clients }

  const send = (request: FastifyRequest, reply: FastifyReply, answer: Reply): FastifyReply => {
    requests?.answered(request, answer)
    if (answer.status === 400) onRefused(request)
    setHeaders(reply, answer.headers)
    reply.code(answer.status)
    if (typeof answer.body !== 'string') return reply.send(answer.body ?? undefined)
    const { body, length } = paced(answer.body)
    return length === undefined ? reply.send(body) : reply.header('content-length', length).send(body)
  }
  const notAllowed = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    send(request, reply.header('allow', allowed), errorReply(405, null, SERVER_ERROR, 'Method Not Allowed'))

  serveRoutes(scope, connections)
  requests?.time(scope)
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, jsonParser(scope))
  scope.setErrorHandler<FastifyError>((error, request, reply) => send(request, reply, explain(error, request)))
  scope.addHook('onRequest', (request, reply, done) => {
    requests?.began(request)
    if (request.headers['content-type'] !== undefined) {
      // Fastify reads a media type as it is, and a proxy may have joined two that are equal.
      request.headers['content-type'] = header(request, 'content-type')
    }
    const refused = checkHost(request)
    if (refused === undefined) done()
    else send(request, reply, refused)
  })

  const answer = (method: 'get' | 'post' | 'delete', ...types: string[]) => {
    const accepts = acceptCheck(types)
    const refusal = (request: FastifyRequest): Reply | undefined => {
      if (method !== 'post') {
        const refused = served.refuses?.(VERBS[method], request)
        if (refused !== undefined) return refused
      }
      if (!accepts(request.headers.accept)) {
        const message = `Not Acceptable: the client must accept ${types.join(' and ')}`
        return errorReply(406, idOf(request.body), SERVER_ERROR, message)
      }
      return method === 'post' && request.headers['content-type'] === undefined ? unsupportedType() : undefined
    }
    const take = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      try {
        const principal = readPrincipal === undefined ? null : await readPrincipal(request)
        if (principal === undefined) {
          send(request, reply, unauthorized(request))
          return
        }
        const inbound = new FastifyInbound(request, reply, principal, authInfo?.(request) ?? undefined, host)
        send(request, reply, await served[method](inbound))
      } catch (error) {
        reply.send(error)
      }
    }
    // Not async: Fastify would wait a second time for a reply that has been sent.
    return (request: FastifyRequest, reply: FastifyReply): void => {
      const refused = refusal(request)
      if (refused === undefined) void take(request, reply)
      else send(request, reply, refused)
    }
  }
  scope.post(path, { schema }, answer('post', 'application/json', 'text/event-stream'))
  scope.get(path, { schema, exposeHeadRoute: false }, answer('get', 'text/event-stream'))
  scope.delete(path, { schema }, answer('delete'))
  scope.route({
    method: ['HEAD', 'PUT', 'PATCH', 'OPTIONS'],
    url: path,
    schema,
    // Before the body is parsed.
    onRequest: notAllowed,
    handler: notAllowed
  })
  redirectSlash(scope, { path, schema }, (request, reply, location) =>
    send(request, reply, { ...emptyReply(308), headers: { location } }))
}

function unauthorized ({ body }: FastifyRequest): Reply {
  const reply = errorReply(401, idOf(body), SERVER_ERROR, 'Unauthorized')
  return { ...reply, headers: { ...reply.headers, 'www-authenticate': 'Bearer' } }
}

function unsupportedType (): Reply {
  return errorReply(415, null, SERVER_ERROR, 'Unsupported Media Type: the body must be application/json')
}

/** An error of Fastify, or of a hook of the application, as a JSON-RPC reply. */
function explain (error: FastifyError, request: FastifyRequest): Reply {
  const status = error.statusCode ?? 500
  const id = idOf(request.body)
  if (status === 415) return unsupportedType()
  if (status === 408) return errorReply(408, null, SERVER_ERROR, 'Request Timeout: the body took too long')
  if (status === 413) return errorReply(413, id, SERVER_ERROR, 'Payload Too Large')
  if (status >= 500) {
    request.log.error({ err: error }, 'holdfast: an MCP request failed')
    return errorReply(status, id, SERVER_ERROR, status === 503 ? 'Service Unavailable' : 'Internal error')
  }
  const parsing = status === 400 && (error instanceof SyntaxError || error.code?.startsWith('FST_ERR_CTP') === true)
  return parsing
    ? errorReply(400, null, PARSE_ERROR, 'Parse error: the body is not JSON that can be accepted')
    : errorReply(status, id, INVALID_REQUEST, error.message)
}
