import { escapeLineSeparators } from '../http/line-separators.js'

/** The id of an event, which names its position in a stream: `<stream name>.<position>`. */
export function eventId (name: string, position: number): string {
  return `${name}.${position}`
}

/** @returns undefined when it cannot be an id of {@link eventId} */
export function parseEventId (id: string): { name: string, position: number } | undefined {
  const [, name, position] = /^([\w.]{1,64})\.(\d{1,15})$/.exec(id) ?? []
  return name === undefined ? undefined : { name, position: Number(position) }
}

/**
 * A server-sent event with a message. A client cannot resume after an event without an id. Some clients require the
 * name of the event.
 */
export function messageEvent (json: string, id?: string): string {
  const data = escapeLineSeparators(json)
  return id === undefined ? `event: message\ndata: ${data}\n\n` : `event: message\nid: ${id}\ndata: ${data}\n\n`
}

/**
 * Gives the client an id to resume from before the first message, and the time to wait before it reconnects. Only for
 * revisions since 2025-11-25, because older clients fail to parse an event with empty data.
 */
export function primingEvent (id: string, retry: number): string {
  return `id: ${id}\nretry: ${retry}\ndata: \n\n`
}

/** The time to wait before the client reconnects, in milliseconds. Dispatches no event. */
export function retryHint (retry: number): string {
  return `retry: ${retry}\n\n`
}

export const KEEP_ALIVE = ': keep-alive\n\n'
