import {
  type Duration, InvalidOptionError, LONGEST_TIMER, type Sessions, milliseconds, refuseUnset
} from '@holdfast/core'
import type { CommonServerOptions, CreateServer } from '@holdfast/transport'
import type { ParkedLimits } from '../parked/parked-calls.js'
import type { OnParked } from '../parked/parked-events.js'
import type { PoolSettings } from './server-pool.js'

/** Options of `bridge`. */
export interface BridgeOptions {
  /** Makes a server of SDK v1 or v2, as for a session. */
  createServer: CreateServer<any, any>
  /** Options that all servers of this process have in common. Default `{}`. */
  serverOptions?: CommonServerOptions
  sessions: Sessions<any, any>
  /** Server objects in this process. At most half of them may be busy ones of one owner. Default 1,000. */
  maxLive?: number
  /** How long a server object stays without use. Default one minute. */
  dormantAfter?: Duration
  /** How long `createServer` and the handshake may take together, and letting go of a server. Default ten seconds. */
  factoryTimeout?: Duration
  /** How long the questions of a call may take, from the first one to the end of the call. Default ten minutes. */
  parkTimeout?: Duration
  /** Calls that wait for answers in this process. Default 1,000. */
  maxParked?: number
  /** Calls of one owner that wait for answers in this process. Default 100. */
  maxParkedPerOwner?: number
  /** As in the transport: other replicas notice within two heartbeats that a replica died. Default five seconds. */
  heartbeat?: Duration
  /**
   * `'replica'` lets all callers of this process share server objects, one after the other, if they have the same
   * capabilities, client and context. Only for a factory that keeps nothing of its callers. Default: server objects are
   * used again for the same principal only, and never for somebody without one.
   */
  per?: 'principal' | 'replica'
  /** Told what becomes of calls that wait for their clients in this process. Must not throw. Default: nobody is. */
  onParked?: OnParked
}

export interface BridgeSettings extends PoolSettings, ParkedLimits {
  sessions: Sessions
  /** Milliseconds. */
  heartbeat: number
  perReplica: boolean
}

/** @throws InvalidOptionError naming the option */
export function bridgeSettings (options: BridgeOptions): BridgeSettings {
  refuseUnset(options, ['createServer', 'sessions'])
  const { createServer, serverOptions = {}, sessions, per = 'principal' } = options
  if (typeof createServer !== 'function') throw new InvalidOptionError('createServer', 'expected a function')
  if (per !== 'principal' && per !== 'replica') throw new InvalidOptionError('per', 'expected "principal" or "replica"')
  return {
    createServer,
    serverOptions,
    sessions,
    maxLive: amount(options.maxLive ?? 1_000, 'maxLive'),
    dormantAfter: duration(options.dormantAfter ?? '60s', 'dormantAfter'),
    factoryTimeout: duration(options.factoryTimeout ?? '10s', 'factoryTimeout'),
    parkTimeout: duration(options.parkTimeout ?? '10m', 'parkTimeout'),
    maxParked: amount(options.maxParked ?? 1_000, 'maxParked'),
    maxParkedPerOwner: amount(options.maxParkedPerOwner ?? 100, 'maxParkedPerOwner'),
    heartbeat: duration(options.heartbeat ?? '5s', 'heartbeat'),
    perReplica: per === 'replica',
    ...(options.onParked !== undefined && { onParked: options.onParked })
  }
}

function amount (value: number, path: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidOptionError(path, 'expected a positive whole number')
}

function duration (value: Duration, path: string): number {
  return Math.min(milliseconds(value, path), LONGEST_TIMER)
}
