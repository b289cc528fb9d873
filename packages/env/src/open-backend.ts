import { type Backend, mirrored, withFallback } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { redis } from '@holdfast/redis'
import type { FastifyInstance } from 'fastify'
import { copyEverything } from './copy-everything.js'
import type { Storage } from './storage.js'

/** As much of an app as a backend needs. */
export type App = Pick<FastifyInstance, 'addHook' | 'log'>

/** Makes the backend. It warns in the log of the app, and closes after everything that is registered later. */
export function openBackend (storage: Storage, app: App): Backend {
  const backend = storage.backend === 'redis' ? openRedis(storage, app) : openMemory(storage)
  // Hooks of this kind run last to first: the plugin signs off before its backend goes.
  app.addHook('onClose', async () => await backend.close())
  return backend
}

function openMemory ({ bounds, memory: options }: Storage): Backend {
  return memory({ ...bounds, ...options })
}

function openRedis (storage: Storage, app: App): Backend {
  const { bounds, redis: options, fallback, copy } = storage
  const onWarning = (warning: Error): void => { app.log.warn({ err: warning }, 'about Redis') }
  const primary = redis({ ...bounds, ...options, onWarning })
  const backend = copy === undefined
    ? primary
    : withCopy(primary, redis({ ...bounds, ...options, ...copy, onWarning }), app, onWarning)
  if (fallback === undefined) return backend
  const { to, ...probe } = fallback
  return withFallback(backend, openMemory(storage), {
    ...probe,
    replicas: 1,
    onChange: (serving, report) => { app.log.warn({ report }, `sessions are served by the ${serving}`) },
    onWarning
  })
}

function withCopy (primary: Backend, copy: Backend, app: App, onWarning: (warning: Error) => void): Backend {
  const store = mirrored(primary, [copy])
  app.addHook('preClose', copyEverything(store, onWarning))
  return store
}
