/** RFC 5424, from the least to the most severe (server/utilities/logging). */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** Whether a client that asked for `wanted` wants a message of a level. An unknown level is wanted. */
export function isWanted (level: unknown, wanted: string | undefined): boolean {
  if (wanted === undefined) return false
  const rank = LEVELS.indexOf(level as string)
  return rank < 0 || rank >= LEVELS.indexOf(wanted)
}
