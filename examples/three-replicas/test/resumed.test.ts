import { open, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { events, nextMessage } from '@holdfast/clients/events'
import t from 'tap'
import { fleet } from './fixtures/fleet.js'

const COUNTDOWN = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'countdown', arguments: { steps: 20, intervalMs: 50 }, _meta: { progressToken: 'p' } }
}

const { url, replicas, proxy } = await fleet(t)

t.test('a stream that is cut in the middle of a call goes on, live, on another replica, and no event comes twice', async t => {
  const [a, b, c] = replicas.map(({ url }) => url) as [URL, URL, URL]
  const session = { ...await open(a), 'mcp-protocol-version': '2025-11-25' }
  const response = await post(a, COUNTDOWN, session)
  const stream = events(response)
  const progress: number[] = []
  const times: number[] = []
  let lastEventId = ''
  const take = async (from: AsyncGenerator<any, void>, until: number): Promise<any> => {
    while (progress.length < until) {
      const { id, message } = await nextMessage(from)
      lastEventId = id as string
      if (message.method !== 'notifications/progress') return message
      progress.push(message.params.progress)
      times.push(performance.now())
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
  const gaps = times.slice(11).map((time, n) => time - (times[n + 10] as number))
  t.ok(gaps.filter(gap => gap > 15).length > gaps.length / 2, 'they came one by one, not all at the end')
})

t.test('the client of the SDK resumes by itself, over and over', async t => {
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
