import type { Backend } from '@holdfast/core'
import { type HoldfastOptions, file } from '@holdfast/fastify'
import { nested } from './nested.js'
import { type App, openBackend } from './open-backend.js'
import { read } from './read.js'
import type { Storage } from './storage.js'
import type { Values, Variables } from './variable.js'

/** The options of the plugin that a variable can set. Durations are milliseconds. */
export type EnvOptions = Pick<HoldfastOptions,
  'keys' | 'encryption' | 'snapshot' | 'health' | 'metrics' | 'namespace' | 'path' | 'modern' | 'legacy' | 'anonymous' |
  'ttl' | 'limits' | 'thresholds' | 'responseMode' | 'streams' | 'live' | 'shutdown' | 'stallTimeout' | 'bodyTimeout' |
  'callTimeout' | 'heartbeat' | 'bodyLimit' | 'allowedHosts' | 'allowedOrigins'>

/** See {@link fromEnv}. */
export interface FromEnv<Own extends Variables> {
  /** For `app.register(holdfast, { …, ...options })`. What is absent is left to the defaults of the plugin. */
  options: EnvOptions
  /** What `createBackend` makes. It has the URLs, and with them the passwords: do not log it. */
  storage: Storage
  /** The values of the application's own variables. */
  own: Values<Own>
  /**
   * Makes the backend. It connects, or opens its file, at once, warns in the log of the app, and closes with the app.
   * Call it before the plugin is registered, or in its options.
   *
   * @throws EnvironmentError the file of `HOLDFAST_SQLITE`, or the machine, is not suited; `cause` is the `SqliteError`
   */
  createBackend (app: App): Backend
}

/**
 * Reads `REDIS_URL` and the `HOLDFAST_*` variables. Nothing is connected or opened yet.
 *
 * @param environment default: that of the process
 * @param own variables of the application, which are read, checked and reported with ours
 * @param given what the application gives to the plugin itself. `keys`: keys, for example of a KMS, so that none are
 *   demanded here. Default: nothing
 * @throws EnvironmentError a value is wrong or empty, a `HOLDFAST_*` variable is unknown, a variable is set under two
 *   names, or two do not go together. It names every variable that is wrong, and shows no value.
 */
export function fromEnv<Own extends Variables = Record<never, never>> (
  environment: NodeJS.ProcessEnv = process.env, own: Own = {} as Own, { keys = false }: { keys?: boolean } = {}
): FromEnv<Own> {
  const reading = read(environment, own, keys)
  const { backend, redis, sqlite, memory, bounds, fallback, copy, snapshot, ...options } = nested(reading.options)
  const given = Object.entries({ backend, redis, sqlite, memory, bounds, fallback, copy })
  const storage: Storage = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  return {
    options: { ...options, ...snapshot !== undefined && { snapshot: snapshotStore(snapshot as Snapshot) } },
    storage,
    own: reading.own as Values<Own>,
    createBackend: app => openBackend(storage, app)
  }
}

interface Snapshot {
  path: string
  every?: number
}

function snapshotStore ({ path, ...options }: Snapshot): ReturnType<typeof file> {
  return file(path, options)
}
