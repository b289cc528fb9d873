import { INVALID_PARAMS, type Request, type Response } from '@holdfast/transport'
import { RESOURCE_NOT_FOUND } from '../error-codes.js'

/** What SDK v1 says of a resource that its server does not have. */
const NOT_FOUND = /^(MCP error -32602: )?Resource .* (not found|disabled)$/s

/** The answer to a request. An error that means an unknown resource names it in its data (server/resources). */
export function namingResource (response: Response, { method, params }: Pick<Request, 'method' | 'params'>): Response {
  if (method !== 'resources/read' || !('error' in response) || response.error.data !== undefined) return response
  const { code, message } = response.error
  if (code !== RESOURCE_NOT_FOUND && !(code === INVALID_PARAMS && NOT_FOUND.test(message))) return response
  return { ...response, error: { code, message, data: { uri: params?.uri } } }
}
