import { type Backend, mirrored, withFallback } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { redis } from '@holdfast/redis'
import { type SqliteOptions, sqlite } from '@holdfast/sqlite'
import type { FastifyInstance } from 'fastify'
import { copyEverything } from './copy-everything.js'
import { EnvironmentError } from './environment-error.js'
import type { Storage } from './storage.js'

/** As much of an app as a backend needs. */
export type App = Pick<FastifyInstance, 'addHook' | 'log'>

type Warn = (warning: Error) => void

/**
 * Makes the backend. It warns in the log of the app, and closes after everything that is registered later.
 *
 * @throws EnvironmentError the file of `HOLDFAST_SQLITE`, or the machine, is not suited
 */
export function openBackend (storage: Storage, app: App): Backend {
  const { backend: kind = 'memory' } = storage
  const primary = OPEN[kind](storage, warns(app, kind === 'sqlite' ? 'SQLite' : 'Redis'))
  const backend = withMemory(withCopy(primary, storage, app), storage, app)
  // Hooks of this kind run last to first: the plugin signs off before its backend goes.
  app.addHook('onClose', async () => await backend.close())
  return backend
}

const OPEN: Record<NonNullable<Storage['backend']>, (storage: Storage, onWarning: Warn) => Backend> = {
  memory: ({ bounds, memory: options }) => memory({ ...bounds, ...options }),
  redis: ({ bounds, redis: options }, onWarning) => redis({ ...bounds, ...options, onWarning }),
  sqlite: ({ bounds, sqlite: options }, onWarning) => {
    try {
      return sqlite({ ...bounds, ...options as SqliteOptions, onWarning })
    } catch (error) {
      throw new EnvironmentError([`HOLDFAST_SQLITE: ${(error as Error).message}`], { cause: error })
    }
  }
}

function withCopy (primary: Backend, { bounds, redis: options, copy }: Storage, app: App): Backend {
  if (copy === undefined) return primary
  const onWarning = warns(app, 'Redis')
  const store = mirrored(primary, [redis({ ...bounds, ...options, ...copy, onWarning })])
  app.addHook('preClose', copyEverything(store, onWarning))
  return store
}

function withMemory (primary: Backend, storage: Storage, app: App): Backend {
  if (storage.fallback === undefined) return primary
  const { to, ...probe } = storage.fallback
  const onWarning = warns(app, 'Redis')
  return withFallback(primary, OPEN[to](storage, onWarning), {
    ...probe,
    replicas: 1,
    onChange: (serving, report) => { app.log.warn({ report }, `sessions are served by the ${serving}`) },
    onWarning
  })
}

function warns (app: App, about: string): Warn {
  return warning => { app.log.warn({ err: warning }, `about ${about}`) }
}
