/** The levels of log messages (RFC 5424 §6.2.1), with their rank: the most severe has the highest. */
export const LOG_LEVELS: ReadonlyMap<string, number> = new Map(
  ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'].map((level, rank) => [level, rank])
)

/** Whether a client that asked for messages from one level on gets one of another level. */
export function isAtLeast (level: unknown, from: string): boolean {
  const rank = LOG_LEVELS.get(level as string)
  return rank !== undefined && rank >= (LOG_LEVELS.get(from) as number)
}
