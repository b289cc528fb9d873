import { call, count, open, post } from '@holdfast/clients/by-hand'
import { type Connected, connected } from '@holdfast/clients/connected'
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { everyFleet } from './fixtures/fleet.js'

/** Milliseconds between two requests: 200 a second. */
const PACE = 5

// The endurance suite makes ten, with 200 streams and stalled peers.
everyFleet('a rolling restart, under 200 requests a second and 20 open streams, is not noticed', async (t, three) => {
  const { url } = three
  const listeners = await Promise.all(Array.from({ length: 20 }, async () => await listener(await connected(t, url))))
  const sessions = await Promise.all(Array.from({ length: 40 }, async () => await open(url)))

  const calls = new Map(sessions.map(session => [session, 0]))
  const failures: unknown[] = []
  const requests: Array<Promise<void>> = []
  const load = setInterval(() => {
    const session = sessions[requests.length % sessions.length] as Record<string, string>
    calls.set(session, (calls.get(session) as number) + 1)
    requests.push(post(url, { ...call('counter'), id: requests.length }, session).then(async response => {
      const body = await response.text()
      if (response.status !== 200) failures.push({ status: response.status, body })
    }, error => { failures.push(error) }))
  }, PACE)
  t.teardown(() => clearInterval(load))

  const said: string[] = []
  for (let place = 0; place < 3; place++) {
    await three.replace(place)
    const text = `replica ${place + 1}`
    said.push(text)
    await Promise.all(listeners.map(async ({ hears }) => await hears(text)))
  }
  clearInterval(load)
  await Promise.all(requests)

  t.comment(`${requests.length} requests`)
  t.strictSame(failures, [])
  const totals = await Promise.all(sessions.map(async session => await count(url, session, 0)))
  t.strictSame(totals, [...calls.values()], 'no session is lost, nothing is counted twice')
  for (const { heard } of listeners) t.strictSame(heard, said, 'every stream goes on, and nothing comes twice')
})

interface Listener {
  heard: unknown[]
  hears: (text: string) => Promise<void>
}

/** A client that has something announced to itself, and waits until it comes on its standalone stream. */
async function listener ({ client, call }: Connected): Promise<Listener> {
  const heard: unknown[] = []
  let arrived = (): void => {}
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    heard.push(params.data)
    arrived()
  })
  const hears = async (text: string): Promise<void> => {
    const arrival = new Promise<void>(resolve => { arrived = () => { if (heard.includes(text)) resolve() } })
    await call('announce', { text })
    await arrival
  }
  return { heard, hears }
}
