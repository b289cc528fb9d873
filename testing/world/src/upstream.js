import { once } from 'node:events'
import { createServer } from 'node:http'

/**
 * The service behind a server, on a free port of this machine. It answers everything with the same JSON.
 *
 * @returns {Promise<string>} its origin
 */
export async function upstream (answer) {
  const service = createServer((request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  service.unref()
  return `http://127.0.0.1:${service.address().port}`
}

/** What this process fetches from `origin` comes from `instead` now. For a server that cannot be told its service. */
export function redirect (origin, instead) {
  const { fetch } = globalThis
  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    return await fetch(url.origin === origin ? new URL(url.pathname + url.search, instead) : input, init)
  }
}
