import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifySchema, RouteShorthandOptions } from 'fastify'
import type { Static } from 'typebox'
import { type Sessions, eraReport } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import { adminHostCheck } from '../host-check.js'
import type { Connections } from '../connections/connections.js'
import { serveRoutes } from '../connections/routes.js'
import type { HoldfastOptions } from '../options.js'
import type { Settings } from '../check-options.js'
import { compilers } from './compilers.js'
import { failures, refusal } from './failures.js'
import { type AdminAction, guard, refuse } from './guard.js'
import { type Query, list } from './listing.js'
import {
  EraAnswer, Failure, FleetAnswer, KeyParams, ListAnswer, ListQuery, RestoreAnswer, RevokeBody, ShowAnswer, Snapshot,
  TerminatedAnswer
} from './schemas.js'
import type { Transfers } from './transfer.js'
import { detailOf } from './view.js'

/** Bytes of a body that names an owner. */
const BODY_LIMIT = 16_384
const NDJSON = 'application/x-ndjson'

type Described = FastifySchema & { summary: string, response: object }
type Guarded = RouteShorthandOptions & { exposeHeadRoute: false }
/** Clients, with their connections, and the snapshots that they send or receive. */
interface Peers {
  connections: Connections
  transfers: Transfers
}
type Admin = Required<NonNullable<HoldfastOptions['admin']>>

/**
 * Adds routes that show, end, export and restore the sessions of all users, in a scope of their own. Each route has its
 * own guard, so no hook decides by path.
 */
export async function admin (
  scope: FastifyInstance, sessions: Sessions, endpoint: Endpoint, settings: Settings, { connections, transfers }: Peers
): Promise<void> {
  const { authorize, path, restoreLimit } = settings.admin as Admin
  const isAdmitted = adminHostCheck(scope, settings)

  const route = (action: AdminAction, { response, ...rest }: Described): Guarded => {
    const schema = { tags: ['mcp-sessions'], ...rest, response: { ...response, '4xx': Failure, '5xx': Failure } }
    const onRequest = guard(authorize, action, sessions.fleet.replica)
    return { onRequest, config: { holdfast: 'admin' }, exposeHeadRoute: false, schema }
  }

  serveRoutes(scope, connections)
  compilers(scope)
  failures(scope)
  scope.removeAllContentTypeParsers()
  const parser = scope.getDefaultJsonParser('error', 'error')
  scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: BODY_LIMIT }, parser)
  scope.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    if (!isAdmitted(request)) return await refuse(reply, 403)
  })

  scope.get<{ Querystring: Query }>(path, route('list', {
    summary: 'Lists sessions, page by page.', querystring: ListQuery, response: { 200: ListAnswer }
  }), async ({ query }) => await list(sessions, endpoint, query))

  scope.get(`${path}/fleet`, route('list', {
    summary: 'Lists replicas, with the number of their live sessions and open streams.', response: { 200: FleetAnswer }
  }), async (): Promise<Static<typeof FleetAnswer>> => {
    const [{ replicas, silent }, count] = await Promise.all([endpoint.fleet(), sessions.count()])
    const reports = Array.from(replicas, ([replica, report]) => ({ replica, ...report }))
    return { here: sessions.fleet.replica, sessions: count, replicas: reports, silent }
  })

  scope.get(`${path}/era`, route('list', {
    summary: 'Lists clients by name and by revision of MCP, as the replicas have counted since they began.',
    response: { 200: EraAnswer }
  }), async (): Promise<Static<typeof EraAnswer>> => eraReport(await endpoint.fleet({ counts: true })))

  scope.get<{ Params: Static<typeof KeyParams> }>(`${path}/:key`, route('show', {
    summary: 'Shows one session.', params: KeyParams, response: { 200: ShowAnswer }
  }), async ({ params }) => {
    const session = await sessions.get(params)
    if (session === undefined) throw refusal(404, 'no such session')
    return detailOf(session, endpoint, settings.context?.schema)
  })

  scope.delete<{ Params: Static<typeof KeyParams> }>(`${path}/:key`, route('terminate', {
    summary: 'Ends one session.', params: KeyParams, response: { 200: TerminatedAnswer }
  }), async ({ params: { key } }) => {
    const session = await sessions.get({ key })
    if (session === undefined || !await sessions.terminate(session)) throw refusal(404, 'no such session')
    return { terminated: 1 }
  })

  scope.post<{ Body: Static<typeof RevokeBody> }>(`${path}/revoke`, route('terminate', {
    summary: 'Ends all sessions of an owner.', body: RevokeBody, response: { 200: TerminatedAnswer }
  }), async ({ body: { owner, principal } }) => {
    const ref = owner === undefined ? principal && { principal } : { owner }
    if (ref === undefined || (owner !== undefined && principal !== undefined)) {
      throw refusal(400, 'body: expected an owner or a principal, not both')
    }
    return { terminated: await sessions.terminateAll(ref) }
  })

  scope.get(`${path}/export`, route('export', {
    summary: 'Exports a snapshot of all sessions with their streams.',
    response: { 200: { description: 'A snapshot.', content: { [NDJSON]: { schema: Snapshot } } } }
  }), async (_, reply) => {
    const stream = await transfers.export()
    return await reply.type(NDJSON).header('content-disposition', 'attachment; filename="sessions.ndjson"').send(stream)
  })

  await scope.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser([NDJSON, 'application/octet-stream'], (_, payload, done) => { done(null, payload) })
    // The body is a stream, which only its reader can validate.
    scope.setValidatorCompiler(() => () => true)
    scope.post<{ Body: Readable | undefined }>(`${path}/restore`, route('restore', {
      summary: 'Restores the sessions of a snapshot.',
      body: { content: { [NDJSON]: { schema: Snapshot } } },
      response: { 200: RestoreAnswer }
    }), async request => {
      const { body } = request
      connections.leaveBody(request)
      if (body === undefined) throw refusal(415, `expected ${NDJSON}`)
      return await transfers.restore(body, restoreLimit)
    })
  })
}
