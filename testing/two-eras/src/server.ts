// MODERN_SERVER=bridge | shared node server.js: the reference server, with a server of its own behind each era.
import { buildApp } from '@holdfast/reference-server/app'
import { readEnvironment } from '@holdfast/reference-server/environment'
import { closeOnSignals } from '@holdfast/reference-server/shutdown'
import { createBridgedServer } from './bridged-server.js'
import { isKind, modernOptions } from './kinds.js'

const { MODERN_SERVER: kind = 'bridge', ...environment } = process.env
if (!isKind(kind)) throw new RangeError(`MODERN_SERVER cannot be ${kind}`)
const settings = readEnvironment(environment)
const app = await buildApp(settings, { createServer: createBridgedServer, modern: modernOptions[kind] })
const address = await app.listen({ host: settings.own.host, port: settings.own.port })
closeOnSignals(app, settings.options.shutdown, console.error)
console.log(`listening on ${address}/mcp`)
