export type {
  ConnectableServer, CreateServer, CreatedServer, DisposeReason, HeldServer, SharedServerOptions
} from './live/factory.js'
export { Endpoint, type EndpointOptions } from './endpoint.js'
export type { ResponseMode } from './calls/exchange.js'
export { type Inbound, header } from './http/inbound.js'
export { INVALID_REQUEST, PARSE_ERROR, SERVER_ERROR, idOf } from './http/json-rpc.js'
export type { McpSession } from './live/mcp-session.js'
export { type Reply, emptyReply, errorReply, failureReply } from './http/reply.js'
export type { FleetReport, ReplicaReport } from './fleet/roll-call.js'
export { SUPPORTED_VERSIONS } from './http/versions.js'
