export { Deadlines, type Expiring, type Waiting } from './calls/deadlines.js'
export { type McpCall, PrintableCall, type RequestClaims, callOf } from './calls/mcp-call.js'
export { SessionCall } from './calls/session-call.js'
export { type Trace, traceOf } from './calls/trace.js'
export { DetachedTransport } from './calls/detached-transport.js'
export type { ResponseMode } from './calls/exchange.js'
export { HandlerExtra } from './calls/handler-extra.js'
export { TurnThrottle } from './calls/turn-throttle.js'
export { Endpoint, type EndpointOptions } from './endpoint.js'
export type { FleetHandlers, ParkedCallMessage } from './fleet/replica.js'
export { type Messages, readMessages } from './http/body.js'
export { type Inbound, header } from './http/inbound.js'
export {
  INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, type Message, type Notification, PARSE_ERROR, type Request,
  type RequestId, type Response, SERVER_ERROR, errorMessage, idOf, isNotification, isRequest, isRequestId, isResponse
} from './http/json-rpc.js'
export { escapeLineSeparators } from './http/line-separators.js'
export { isTooDeep } from './http/nesting.js'
export {
  type Reply, emptyReply, errorReply, failureReply, isExpected, jsonReply, streamReply
} from './http/reply.js'
export { SUPPORTED_VERSIONS } from './http/versions.js'
export {
  type CommonServerOptions, type ConnectableServer, type CreateServer, type CreatedServer, type DisposeReason,
  type HeldServer, heldServer
} from './live/factory.js'
export { LivePlaces, Place } from './live/live-places.js'
export type { McpSession } from './live/mcp-session.js'
export { PlaceQueue } from './live/place-queue.js'
export { READ_AHEAD, pushPieces } from './streams/pieces.js'
export { KEEP_ALIVE, messageEvent } from './streams/sse-event.js'
