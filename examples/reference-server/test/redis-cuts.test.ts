import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { generateKey } from '@holdfast/fastify'
import { call, initialize } from '@holdfast/clients/by-hand'
import { CuttingProxy, RedisServer, until } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import t from 'tap'
import { onRedis } from './fixtures/on-redis.js'

const CUTS = 1000
const SERVERS = 4
const REGULARS = 3
/** No answer takes longer, however often its connection is cut. Milliseconds. */
const PATIENCE = 10_000

t.test(`${CUTS} connections are cut between command and answer: nothing is applied twice, nothing is left pending`, async t => {
  const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
  t.teardown(async () => { await redis.stop() })
  const keys = generateKey()
  const began = performance.now()
  const results = await Promise.all(Array.from({ length: SERVERS }, async () => await cutting(redis, keys, CUTS / SERVERS)))
  const sum = (of: (result: Result) => number): number => results.reduce((total, result) => total + of(result), 0)
  t.equal(sum(({ cuts }) => cuts), CUTS)
  t.strictSame(results.flatMap(({ wrong }) => wrong), [])
  const [asked, failed] = [sum(({ asked }) => asked), sum(({ failed }) => failed)]
  t.ok(failed < asked / 20, 'hardly anybody noticed')
  t.comment(`${asked} requests, ${failed} of them answered with an error, ${sum(({ increments }) => increments)} increments, ${Math.round(performance.now() - began)} ms`)

  const raw = new Redis(redis.url)
  t.teardown(() => { raw.disconnect() })
  const records = (await raw.keys('holdfast:*:r:*')).length
  const opened = sum(({ opened }) => opened)
  t.ok(records >= opened && records <= opened + failed, 'as many sessions as were opened and not ended')

  async function cutting (redis: RedisServer, keys: string, amount: number): Promise<Result> {
    const proxy = await CuttingProxy.before(redis.port)
    const server = await onRedis(t, `redis://127.0.0.1:${proxy.port}`, { HOLDFAST_KEYS: keys })
    const client = new CutClient(server.url)
    const raw = new Redis(redis.url)
    t.teardown(() => {
      raw.disconnect()
      proxy.close()
    })
    for (let i = 0; i < REGULARS; i++) await client.open()
    const [first = '', ...others] = [...client.totals.keys()]
    const ended = new AbortController()
    const regulars = others.map(async session => {
      while (!ended.signal.aborted) await client.count(session)
    })
    const acts: Array<[marker: string, act: () => Promise<unknown>]> = [
      [sha('replace'), async () => await client.count(first)],
      [sha('touch'), async () => await client.count(first)],
      [sha('create'), async () => await client.open()],
      [sha('enter'), async () => await client.open()],
      [sha('replace'), async () => await client.count(first)],
      [sha('append'), async () => await client.announce(first)],
      [sha('remove'), async () => await client.end()],
      [sha('read-after'), async () => await client.listen(first)],
      [sha('leave'), async () => await client.end()],
      ['subscribe', async () => {
        await raw.call('client', 'kill', 'type', 'pubsub')
        await until('it listens again', async () => await listeners(raw) > 0)
      }]
    ]
    try {
      for (let i = 0; i < amount; i++) {
        const [marker, act] = acts[i % acts.length] as typeof acts[0]
        for (let tries = 0; proxy.cuts === i; tries++) {
          if (tries === 100) throw new Error(`nothing to cut for act ${i % acts.length}: ${server.log()}`)
          proxy.cutAfter(marker)
          await act()
        }
      }
    } finally {
      ended.abort()
      await Promise.all(regulars)
    }
    await client.check(first)
    await until('it hears the others', async () => await listeners(raw) > 0)
    const stopping = performance.now()
    t.equal(await server.stop(), 0)
    t.ok(performance.now() - stopping < PATIENCE, 'no call was left pending: it ended without waiting for one')
    t.notMatch(server.log(), /unhandled|Unhandled/)
    return client.result(proxy.cuts)
  }
})

async function listeners (raw: Redis): Promise<number> {
  const [, heard] = await raw.pubsub('NUMSUB', 'holdfast:bus:mcp:fleet') as [string, number]
  return heard
}

interface Result {
  cuts: number
  asked: number
  failed: number
  increments: number
  /** Sessions that were opened and not ended. */
  opened: number
  /** Whatever must not be. */
  wrong: string[]
}

interface Total {
  /** Of the last answer. */
  last: number
  /** Increments since then that were answered with an error: they may have counted. */
  unclear: number
}

/** Knows what every answer must be, whatever was cut. */
class CutClient {
  readonly totals = new Map<string, Total>()
  readonly #wrong: string[] = []
  #ids = 0
  #failed = 0
  #increments = 0
  #ended = 0
  #said = 0

  constructor (private readonly url: URL) {}

  async open (): Promise<void> {
    const response = await this.#ask(initialize())
    const session = response?.headers.get('mcp-session-id')
    if (session) this.totals.set(session, { last: 0, unclear: 0 })
  }

  async count (session: string): Promise<void> {
    const total = this.totals.get(session) as Total
    const response = await this.#ask(call('counter'), session)
    const found = response?.body.result.structuredContent.total
    if (found === undefined) {
      total.unclear++
      return
    }
    this.#increments++
    if (found <= total.last || found > total.last + total.unclear + 1) this.#wrong.push(`a total of ${found} after ${total.last}, with ${total.unclear} unclear`)
    this.totals.set(session, { last: found, unclear: 0 })
  }

  async announce (session: string): Promise<void> {
    await this.#ask(call('announce', { text: `said ${++this.#said}` }), session)
  }

  async listen (session: string): Promise<void> {
    await this.#request(session, 'GET')
  }

  /** Ends a session that nobody else uses. */
  async end (): Promise<void> {
    const session = [...this.totals.keys()][REGULARS]
    if (session === undefined) return await this.open()
    this.totals.delete(session)
    const { status } = await this.#request(session, 'DELETE')
    if (status === 200) this.#ended++
    else if (status === 503) this.#failed++
    else this.#wrong.push(`an end was answered ${status}`)
  }

  /** Everything that was said is in the stream once. */
  async check (session: string): Promise<void> {
    const abort = new AbortController()
    const response = await fetch(this.url, { headers: { accept: 'text/event-stream', 'mcp-session-id': session, 'last-event-id': 'standalone.0' }, signal: abort.signal })
    let text = ''
    const decoder = new TextDecoder()
    const last = `said ${this.#said + 1}`
    await this.announce(session)
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk)
      if (text.includes(`"${last}"`)) break
    }
    abort.abort()
    const said = [...text.matchAll(/"data":"(said \d+)"/g)].map(([, one]) => one)
    if (new Set(said).size !== said.length) this.#wrong.push('something was said twice')
    if (said.length < this.#said - this.#failed) this.#wrong.push(`of ${this.#said} announcements ${said.length} are in the stream`)
    const positions = [...text.matchAll(/^id: standalone\.(\d+)\ndata: ./gm)].map(([, position]) => Number(position))
    if (positions.some((position, i) => position !== i + 1)) this.#wrong.push(`positions with gaps: ${positions.join()}`)
    for (const session of this.totals.keys()) await this.count(session)
  }

  result (cuts: number): Result {
    return { cuts, asked: this.#ids, failed: this.#failed, increments: this.#increments, opened: this.totals.size, wrong: this.#wrong }
  }

  /** Undefined where the answer is an error. */
  async #ask (message: object, session?: string): Promise<{ headers: Headers, body: any } | undefined> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...session !== undefined && { 'mcp-session-id': session } },
      body: JSON.stringify({ ...message, id: ++this.#ids }),
      signal: AbortSignal.timeout(PATIENCE)
    })
    const text = await response.text()
    const body = JSON.parse(text.startsWith('{') ? text : /^data: (\{.*"result".*)$/m.exec(text)?.[1] ?? 'null')
    if (response.status === 200 && body?.result?.isError !== true && body !== null) return { headers: response.headers, body }
    this.#failed++
    if (response.status !== 503 && body?.result?.isError !== true) this.#wrong.push(`${response.status}: ${text}`)
    return undefined
  }

  async #request (session: string, method: string): Promise<Response> {
    this.#ids++
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(PATIENCE)])
    const response = await fetch(this.url, { method, headers: { accept: 'text/event-stream', 'mcp-session-id': session }, signal })
    if (method === 'GET' && response.status !== 200 && response.status !== 503) this.#wrong.push(`GET: ${response.status}`)
    abort.abort()
    return response
  }
}

/** By which a script is called. */
function sha (name: string): string {
  const file = new URL(`../lua/${name}.lua`, import.meta.resolve('@holdfast/redis'))
  return createHash('sha1').update(readFileSync(file)).digest('hex')
}
