import { setImmediate } from 'node:timers/promises'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import { memory } from '@holdfast/memory'
import { App } from './app.js'
import { initialize } from './client.js'
import type { Figure } from './figure.js'
import { heap } from './heap.js'
import { NullTransport } from './null-transport.js'
import { toolServer, type Build } from './tool-server.js'

/** KiB per server object of the SDK that has shaken hands over nothing. */
export async function bareServer (build: Build, count: number): Promise<number> {
  const options = { jsonSchemaValidator: new AjvJsonSchemaValidator() }
  return await each(count, async () => {
    const server = toolServer(build, options)
    const transport = new NullTransport()
    await server.connect(transport)
    transport.onmessage?.({ jsonrpc: '2.0', id: 0, method: 'initialize', params: initialize })
    transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await setImmediate()
    return server
  })
}

/** KiB per live session of ours: record, transport and the same server object. */
export async function liveSession (build: Build, count: number): Promise<number> {
  const app = await App.start(memory(), build)
  return await each(count, async () => await app.open())
}

/** Makes some for warming up, then `count` more, and divides what they hold. */
async function each (count: number, make: () => Promise<unknown>): Promise<number> {
  const kept: unknown[] = []
  for (let n = 0; n < 50; n++) kept.push(await make())
  const before = await heap()
  for (let n = 0; n < count; n++) kept.push(await make())
  const after = await heap()
  return (after - before) / (kept.length - 50) / 1024
}

/** Both, and what ours adds. They run in one process so that they share its compiled code. */
export async function live (build: Build, most?: number): Promise<Figure[]> {
  const count = build.tools === 1 ? 1000 : 200
  const name = `${build.tools} tool${build.tools === 1 ? '' : 's'}, ${build.style}`
  const bare = await bareServer(build, count)
  const ours = await liveSession(build, count)
  return [
    { what: `live session, ${name}`, value: ours, unit: 'KiB', ...(most !== undefined && { target: most }) },
    { what: `live session, ${name}: beyond the SDK's server object`, value: ours - bare, unit: 'KiB', target: 4 }
  ]
}
