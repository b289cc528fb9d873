import type { FastifyInstance } from 'fastify'
import { isLoopback } from './host-check.js'
import { keptByFastify } from './kept-by-fastify.js'
import type { Settings } from './check-options.js'

/** Warns in the log of settings of the app that defeat the plugin, once the app is ready or listens. */
export function startWarnings (app: FastifyInstance, { shutdown, allowedHosts }: Settings): void {
  app.addHook('onReady', async () => {
    if (shutdown.delay !== undefined && refusesWhileClosing(app)) {
      app.log.warn('holdfast: shutdown.delay has no effect, because Fastify itself answers 503 as soon as the app ' +
        'closes. Create the app with return503OnClosing: false')
    }
    if ('requestTimeout' in app.server && app.server.requestTimeout === 0) {
      app.log.warn('holdfast: the app does not limit how long a request takes to arrive. ' +
        'Create the app with a requestTimeout, such as 60_000')
    }
  })
  app.addHook('onListen', async () => {
    const isOpen = app.addresses().some(address => typeof address === 'object' && !isLoopback(address.address))
    if (isOpen && allowedHosts === undefined) {
      app.log.warn('holdfast: other machines can reach the app, and it accepts any Host, so a web page can reach it ' +
        'by DNS rebinding. List the host names of the app in the option allowedHosts')
    }
    if (isOpen && optionsOf(app)?.trustProxy === true) {
      app.log.warn('holdfast: other machines can reach the app, and it trusts every forwarded header, such as the ' +
        'Host and the address of the client. List the addresses of your proxies in trustProxy')
    }
  })
}

/** Fastify does not publish these two options. Undefined with a version that keeps them elsewhere. */
function optionsOf (app: FastifyInstance): { return503OnClosing?: boolean, trustProxy?: unknown } | undefined {
  return keptByFastify<ReturnType<typeof optionsOf>>(app, 'fastify.options', undefined)
}

function refusesWhileClosing (app: FastifyInstance): boolean {
  const options = optionsOf(app)
  return options !== undefined && options.return503OnClosing !== false
}
