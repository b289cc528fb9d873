import type { Notification } from '@holdfast/transport'
import { isAtLeast } from './log-levels.js'
import type { RequestMeta } from './request-meta.js'

/**
 * Whether the client of a request asked for a notification: progress under its own token (basic/patterns/progress), log
 * messages from its level on (server/utilities/logging). Nothing else belongs to a response.
 */
export function isWanted ({ method, params }: Notification, { progressToken, logLevel }: RequestMeta): boolean {
  if (method === 'notifications/progress') return progressToken !== undefined && params?.progressToken === progressToken
  return method === 'notifications/message' && logLevel !== undefined && isAtLeast(params?.level, logLevel)
}
