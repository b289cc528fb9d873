import { open, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { events, nextMessage } from '@holdfast/clients/events'
import { everyFleet } from './fixtures/fleet.js'

const COUNTDOWN = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'countdown', arguments: { steps: 20, intervalMs: 50 }, _meta: { progressToken: 'p' } }
}

everyFleet('a stream that is cut during a call goes on elsewhere, live, and nothing comes twice', async (t, fleet) => {
  const { places: [a, b, c] } = fleet
  const session = { ...await open(a), 'mcp-protocol-version': '2025-11-25' }
  const response = await post(a, COUNTDOWN, session)
  const stream = events(response)
  const progress: number[] = []
  let lastEventId = ''
  const take = async (from: AsyncGenerator<any, void>, until: number): Promise<any> => {
    while (progress.length < until) {
      const { id, message } = await nextMessage(from)
      lastEventId = id as string
      if (message.method !== 'notifications/progress') return message
      progress.push(message.params.progress)
    }
  }
  await take(stream, 3)
  await stream.return()
  const resume = async (place: URL): Promise<AsyncGenerator<any, void>> => events(await fetch(place, {
    headers: { ...session, accept: 'text/event-stream', 'last-event-id': lastEventId }
  }))
  const second = await resume(b)
  await take(second, 10)
  await second.return()
  const third = await resume(c)
  const result = await take(third, Infinity)
  t.match(result, { id: 1, result: { structuredContent: { steps: 20 } } })
  t.strictSame(progress, Array.from({ length: 20 }, (_, n) => n + 1))
  t.equal((await third.next()).done, true, 'the stream ends after the result')
})

everyFleet('another replica passes on what a running call says while it runs', async (t, { places: [a, b] }) => {
  const session = { ...await open(a), 'mcp-protocol-version': '2025-11-25' }
  const minutes = { ...COUNTDOWN, params: { ...COUNTDOWN.params, arguments: { steps: 1000, intervalMs: 100 } } }
  const first = events(await post(a, minutes, session))
  const { id } = await nextMessage(first)
  await first.return()
  const headers = { ...session, accept: 'text/event-stream', 'last-event-id': id as string }
  const second = events(await fetch(b, { headers }))
  for (let n = 2; n < 20; n++) t.equal((await nextMessage(second)).message.params.progress, n)
  await second.return()
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  await (await post(b, cancelled, session)).body?.cancel()
})

everyFleet('the client of the SDK resumes by itself, over and over', async (t, { url, proxy }) => {
  const { client } = await connected(t, url)
  const progress: number[] = []
  const result = client.callTool({ name: 'countdown', arguments: { steps: 20, intervalMs: 100 } }, undefined, {
    onprogress: ({ progress: step }) => {
      progress.push(step)
      if (step % 6 === 0) proxy.cut()
    }
  })
  t.match(await result, { structuredContent: { steps: 20 } })
  t.strictSame(progress, Array.from({ length: 20 }, (_, n) => n + 1))
})
