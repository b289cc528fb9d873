import { connect } from 'node:net'
import t from 'tap'
import { memory } from '@holdfast/memory'
import { allEvents } from './fixtures/events.js'
import { RawClient, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Call, say, serving } from './fixtures/tools.js'

const EVENTS = 400
const text = 'x'.repeat(50_000)

async function shout (call: Call): Promise<string> {
  for (let number = 1; number <= EVENTS; number++) await say(call, { number, text })
  return 'done'
}

/** Sends a call and then reads nothing. Resolves when the server has cut the connection. */
async function stall (client: RawClient, body: unknown): Promise<string> {
  return await new Promise((resolve, reject) => {
    const json = JSON.stringify(body)
    const { url, headers } = client
    const lines = Object.entries({ host: url.host, ...headers, 'content-type': 'application/json', 'content-length': json.length })
    let heard = ''
    const socket = connect({ port: Number(url.port), host: url.hostname, onread: { buffer: Buffer.alloc(4096), callback: (size, buffer) => { heard += Buffer.from(buffer.subarray(0, size)).toString(); return false } } }, () => {
      socket.write(`POST ${url.pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${json}`)
    })
    socket.on('error', reject)
    client.post(toolCall('wait', 'finished')).then(() => { socket.destroy(); resolve(heard) }, reject)
  })
}

t.test('a reader that stalls is cut, costs little, and resumes with each event exactly once', async t => {
  let end = (): void => {}
  const ended = new Promise<void>(resolve => { end = resolve })
  let most = 0
  const { url } = await start(t, {
    backend: memory({ maxStreamBytes: 64 * 2 ** 20 }),
    maxBuffered: 65_536,
    createServer: serving({
      shout: async call => {
        const before = process.memoryUsage().arrayBuffers
        const result = await shout(call)
        most = process.memoryUsage().arrayBuffers - before
        end()
        return result
      },
      finished: async () => { await ended }
    })
  })
  const client = await RawClient.open(url)
  const heard = await stall(client, toolCall(1, 'shout'))
  t.ok(most < 4 * 2 ** 20, `${most} bytes wait for the reader`)
  const [, id] = /^id: (\S+)$/m.exec(heard) ?? []
  const rest = await allEvents(await client.resume(id as string))
  const numbers = rest.flatMap(({ message }) => message?.params?.data?.number ?? [])
  t.strictSame(numbers, Array.from({ length: EVENTS }, (_, index) => index + 1))
  t.match(rest.at(-1), { message: { id: 1, result: {} } })
  t.equal(new Set(rest.map(({ id }) => id)).size, rest.length)
})

t.test('messages that cannot be logged do not pile up for a reader that stalls, either', async t => {
  const backend = memory()
  const { url, app } = await start(t, {
    backend: { ...backend, events: { ...backend.events, append: async () => { throw new Error('full') }, readAfter: async () => undefined, delivered: async () => {}, drop: async () => {} } },
    maxBuffered: 65_536,
    createServer: serving({ shout, finished: () => null })
  })
  app.mcpSessions.on('error', () => {})
  app.mcpSessions.on('backendDown', () => {})
  const client = await RawClient.open(url)
  const response = await client.start('shout')
  t.equal(response.status, 200)
  await t.rejects(response.text(), 'the response was cut')
  t.equal(await client.call('finished'), null)
})
