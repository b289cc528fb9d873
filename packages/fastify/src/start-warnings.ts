import type { FastifyInstance } from 'fastify'
import { isLoopback } from './host-check.js'
import { keptByFastify } from './kept-by-fastify.js'
import type { Settings } from './settings.js'

/** Says in the log which settings of the application leave the plugin without protection, once the app is ready or listens. */
export function startWarnings (app: FastifyInstance, { shutdown, allowedHosts }: Settings): void {
  app.addHook('onReady', async () => {
    if (shutdown.delay !== undefined && refusesWhileClosing(app)) {
      app.log.warn('holdfast: shutdown.delay has no effect: Fastify itself answers 503 as soon as the app closes, unless it is made with return503OnClosing: false')
    }
    if ('requestTimeout' in app.server && app.server.requestTimeout === 0) {
      app.log.warn('holdfast: requests may take as long as they like to arrive: make the app with requestTimeout, such as 60_000')
    }
  })
  app.addHook('onListen', async () => {
    const isOpen = app.addresses().some(address => typeof address === 'object' && !isLoopback(address.address))
    if (isOpen && allowedHosts === undefined) {
      app.log.warn('holdfast: the app can be reached from other machines and takes any Host, so a web page can reach it by DNS rebinding: name its hosts with the option allowedHosts')
    }
    if (isOpen && given(app)?.trustProxy === true) {
      app.log.warn('holdfast: the app can be reached from other machines and believes whatever they forward, the Host and the address of a client among it: name the addresses of its proxies with trustProxy')
    }
  })
}

/** Neither option is among those that Fastify shows; undefined where a version keeps them elsewhere. */
function given (app: FastifyInstance): { return503OnClosing?: boolean, trustProxy?: unknown } | undefined {
  return keptByFastify<ReturnType<typeof given>>(app, 'fastify.options', undefined)
}

function refusesWhileClosing (app: FastifyInstance): boolean {
  const options = given(app)
  return options !== undefined && options.return503OnClosing !== false
}
