import type { Cluster, Redis } from 'ioredis'

export type Client = Redis | Cluster

/**
 * An argument of a script. A Buffer belongs to the call until it is answered, because it may be sent again. Bytes of
 * somebody who calls the backend must be copied first, because they may change.
 */
export type Argument = string | number | Buffer

/** The server, or every master of a Cluster. */
export function masters (client: Client): Redis[] {
  return client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
}
