import type { FastifyInstance } from 'fastify'
import type { Connections } from './connections.js'

/**
 * Notes which requests are for the routes of a scope. A hook would run after the hooks of the application, which may
 * hold or refuse a request. The factory of its logger runs before them. It returns the application's own logger.
 */
export function serveRoutes (scope: FastifyInstance, connections: Connections): void {
  const { childLoggerFactory: create } = scope
  scope.setChildLoggerFactory(function (logger, bindings, options, request) {
    const log = create.call(this, logger, bindings, options, request)
    connections.serve(request, log)
    return log
  })
}

/**
 * Notes requests that no route matches, as far as hooks of the application let them through. A request that a hook
 * answers is known by its answer.
 */
export function noteUnrouted (app: FastifyInstance, connections: Connections): void {
  app.addHook('onRequest', (request, _, done) => {
    if (request.is404) connections.refuse(request)
    done()
  })
}
