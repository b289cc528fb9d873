import { HoldfastError } from '@holdfast/core'
import { MODERN_VERSION } from '../versions.js'
import type { Leg } from './leg.js'
import { askServer } from './own-call.js'

/**
 * Asks a connected server whether it serves the revision. SDK v2 binds a connection to it only when the server names
 * the revision, and when both come from one copy of the SDK.
 *
 * @param wait milliseconds that the server has to answer
 * @throws HoldfastError HOLDFAST_FACTORY_FAILED, HOLDFAST_FACTORY_TIMEOUT
 */
export async function checkRevision (leg: Leg, wait: number): Promise<void> {
  const outcome = await askServer(leg, 'server/discover', wait)
  if ('result' in outcome) {
    const { supportedVersions } = outcome.result
    if (Array.isArray(supportedVersions) && supportedVersions.includes(MODERN_VERSION)) return
  }
  const error = 'error' in outcome ? ` (it answers with error ${outcome.error.code})` : ''
  throw new HoldfastError(
    'HOLDFAST_FACTORY_FAILED',
    `The server to share does not serve revision ${MODERN_VERSION}${error}. One of SDK v1 cannot be shared: the ` +
    "bridge serves it (the plugin's `modern: 'auto'`). One of SDK v2 needs `supportedProtocolVersions`: the function " +
    'that makes it gets them in `serverOptions`, for `new McpServer(info, serverOptions)`. ' +
    'If it has them, @modelcontextprotocol/server is older than 2.4, or application and Holdfast load two copies of ' +
    'it: remove one, or name yours in the option `sdk`. If a newer version binds revisions in another way, use ' +
    "`fallback: 'sdk'`"
  )
}
