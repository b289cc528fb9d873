import type { FastifyInstance } from 'fastify'
import type { Connections } from './connections.js'

/**
 * Notes which requests are for the routes of a scope. A hook would hear of them after those of the application, which may hold or refuse
 * a request; the factory of its logger is asked before them, and makes what the application's makes.
 */
export function serveRoutes (scope: FastifyInstance, connections: Connections): void {
  const { childLoggerFactory: create } = scope
  scope.setChildLoggerFactory(function (logger, bindings, options, request) {
    const log = create.call(this, logger, bindings, options, request)
    connections.serve(request, log)
    return log
  })
}

/** Notes which requests no route matches, as far as hooks of the application let them come. Those that they answer are known by that. */
export function noteUnrouted (app: FastifyInstance, connections: Connections): void {
  app.addHook('onRequest', (request, _, done) => {
    if (request.is404) connections.refuse(request)
    done()
  })
}
