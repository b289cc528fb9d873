import { lineSafe } from '../http/line-separators.js'

/** Names a place in a stream to the client: `<stream name>.<position>`. */
export function eventId (name: string, position: number): string {
  return `${name}.${position}`
}

/** @returns undefined for what cannot be one of our ids */
export function parseEventId (id: string): { name: string, position: number } | undefined {
  const [, name, position] = /^([\w.]{1,64})\.(\d{1,15})$/.exec(id) ?? []
  return name === undefined ? undefined : { name, position: Number(position) }
}

/**
 * A server-sent event with a message; without an id it cannot be resumed from. Some clients wait for the event's name.
 */
export function messageEvent (json: string, id?: string): string {
  const data = lineSafe(json)
  return id === undefined ? `event: message\ndata: ${data}\n\n` : `event: message\nid: ${id}\ndata: ${data}\n\n`
}

/**
 * Gives the client an id to resume from before there is a message, and how long to wait. Only for revisions since
 * 2025-11-25: older clients fail to parse an event with empty data.
 */
export function primingEvent (id: string, retry: number): string {
  return `id: ${id}\nretry: ${retry}\ndata: \n\n`
}

/** How long to wait before coming back, in milliseconds. Dispatches nothing. */
export function retryHint (retry: number): string {
  return `retry: ${retry}\n\n`
}

export const KEEP_ALIVE = ': keep-alive\n\n'
