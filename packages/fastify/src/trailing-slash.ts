import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'

interface Route {
  path: string
  schema: FastifySchema
}

type Redirect = (request: FastifyRequest, reply: FastifyReply, location: string) => FastifyReply

/** The methods of the endpoint. A method that it does not have is not found at the other path, either. */
const METHODS = ['GET', 'POST', 'DELETE'] as const

/**
 * Redirects clients that add a slash to the path of the endpoint, or leave it out. Nothing is served at that other
 * path, so a client cannot bypass a hook of the application that guards the path. Methods that the other path has
 * already stay as they are: routes of the application, or those of an app that ignores trailing slashes.
 *
 * @param redirect sends a redirect to a relative location, which a proxy that changes paths does not break
 */
export function redirectSlash (scope: FastifyInstance, { path, schema }: Route, redirect: Redirect): void {
  if (path === '/') return
  const url = path.endsWith('/') ? path.slice(0, -1) : `${path}/`
  const method = METHODS.filter(method => scope.findRoute({ method, url: scope.prefix + url }) === null)
  if (method.length === 0) return
  const send = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    redirect(request, reply, location(request.url))
  // Before the body is parsed.
  scope.route({ method, url, schema, exposeHeadRoute: false, onRequest: send, handler: send })
}

/** The same URL with a slash more or less at the end of its path, as seen from itself. */
function location (url: string): string {
  const end = url.search(/[?]|$/)
  const path = url.slice(0, end)
  const name = path.split('/').filter(Boolean).at(-1) as string
  return (path.endsWith('/') ? `../${name}` : `./${name}/`) + url.slice(end)
}
