import type { Cluster, Redis } from 'ioredis'

export type Client = Redis | Cluster

/** An argument of a script. */
export type Argument = string | number | Uint8Array

/** The server, or every master of a Cluster. */
export function masters (client: Client): Redis[] {
  return client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
}
