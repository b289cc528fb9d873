/** How a contender answers a short call. */
export type Mode = 'json' | 'sse'

/** Who calls it: clients with a session, clients of the revision without sessions, or clients that speak no MCP. */
export type Client = 'session' | 'modern' | 'bare'

export interface Contender {
  title: string
  mode: Mode
  client: Client
  /** Needs a Redis. */
  redis?: true
  /** Starts it in this process, on the Redis of this URL if it needs one. Resolves to its port. */
  start: (redis: string) => Promise<number>
}
