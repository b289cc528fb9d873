import { type JsonObject, type Session, isObject } from '@holdfast/core'
import { type Inbound, header } from '../http/inbound.js'
import { INVALID_PARAMS, type Request, type Response } from '../http/json-rpc.js'
import { type Reply, errorReply } from '../http/reply.js'
import { ASSUMED_VERSION } from '../http/versions.js'
import type { LiveSessions } from '../live/live-sessions.js'
import type { Calls } from './calls.js'

type HandshakeParams = JsonObject & { protocolVersion: string, clientInfo: JsonObject }

/**
 * Begins a session. The record is created first, so that no server is made when a cap is reached. The answer is sent
 * only when the record contains the agreed version. A session id in the request is ignored.
 */
export async function initialize (
  calls: Calls,
  live: LiveSessions,
  inbound: Inbound,
  request: Request
): Promise<Reply> {
  const params = request.params
  if (!isHandshake(params)) {
    return errorReply(
      400, request.id, INVALID_PARAMS, 'Invalid params: initialize needs protocolVersion, capabilities and clientInfo'
    )
  }
  const session = await calls.sessions.create({
    principal: inbound.principal,
    client: params.clientInfo,
    handshake: { initialize: params, protocolVersion: params.protocolVersion },
    context: await inbound.context?.() ?? null
  })
  inbound.found?.(session)
  let agreed = false
  try {
    const reply = await live.withServer(session, false, async started => await calls.run(started, inbound, [request], {
      // The answer decides whether the session exists at all.
      held: true,
      beforeAnswer: async (_, response) => {
        agreed = await agree(session, response)
        return response
      }
    }))
    return agreed ? { ...reply, headers: { ...reply.headers, 'mcp-session-id': session.id } } : reply
  } finally {
    if (!agreed) await calls.sessions.terminate(session)
  }
}

/**
 * Gives a handshake to a session that came from another system without one. Only the version of the client's real
 * handshake is known.
 */
export async function assumeHandshake (session: Session, inbound: Inbound): Promise<void> {
  const protocolVersion = header(inbound, 'mcp-protocol-version') ?? ASSUMED_VERSION
  const client = { name: 'unknown', version: '0' }
  const handshake = {
    initialize: { protocolVersion, capabilities: {}, clientInfo: client }, protocolVersion, initialized: true
  }
  await session.change(state => state.handshake.protocolVersion === '' ? { ...state, client, handshake } : state)
}

function isHandshake (params: unknown): params is HandshakeParams {
  return isObject(params) && typeof params.protocolVersion === 'string' && isObject(params.capabilities) &&
    isObject(params.clientInfo) && typeof params.clientInfo.name === 'string' &&
    typeof params.clientInfo.version === 'string'
}

/** Stores the version that the server agreed to. False when the server refused. */
async function agree (session: Session, response: Response): Promise<boolean> {
  if (!('result' in response)) return false
  const { protocolVersion } = response.result
  if (typeof protocolVersion === 'string' && protocolVersion !== session.state.handshake.protocolVersion) {
    await session.change(state => ({ ...state, handshake: { ...state.handshake, protocolVersion } }))
  }
  return true
}
