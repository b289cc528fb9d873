import type { IncomingHttpHeaders } from 'node:http'
import { meta, modernHeaders } from '../throughput/modern-request.js'

/** A request of revision 2026-07-28 as it arrives. */
export interface Asked {
  text: string
  headers: IncomingHttpHeaders
}

export function asked (method: string, params: { name?: string, arguments?: object } = {}): Asked {
  return {
    text: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    headers: { host: '127.0.0.1', 'content-type': 'application/json', ...modernHeaders(method, params.name) }
  }
}
