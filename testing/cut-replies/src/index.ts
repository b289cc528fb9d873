import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CuttingProxy, type RedisServer, until } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import { CutClient, type CutResult, PATIENCE } from './cut-client.js'

interface Server {
  url: URL
  log: () => string
  stop: () => Promise<number | null>
}

/** Sessions that are used throughout. */
const REGULARS = 3

/**
 * Cuts the connection of a server to its Redis, again and again, after a command has arrived and before its reply gets
 * back: in turn of each kind of command. Meanwhile clients use the server, and know what each answer must be.
 *
 * @param start starts a server on the Redis of this URL, or on the same one by way of another
 * @throws AssertionError the server did not end in time, or something was left pending
 */
export async function cutReplies (
  redis: RedisServer,
  start: (redisUrl: string) => Promise<Server>,
  amount: number
): Promise<CutResult> {
  const proxy = await CuttingProxy.before(redis.port)
  const server = await start(`redis://127.0.0.1:${proxy.port}`)
  const client = new CutClient(server.url, REGULARS)
  const raw = new Redis(redis.url)
  for (let i = 0; i < REGULARS; i++) await client.open()
  const [first = '', ...others] = [...client.totals.keys()]
  const ended = new AbortController()
  const regulars = others.map(async session => {
    while (!ended.signal.aborted) await client.count(session)
  })
  const acts: Array<[marker: string, act: () => Promise<unknown>]> = [
    [sha('record-replace'), async () => await client.count(first)],
    [sha('record-touch'), async () => await client.count(first)],
    [sha('record-create'), async () => await client.open()],
    [sha('index-add'), async () => await client.open()],
    [sha('record-replace'), async () => await client.count(first)],
    [sha('stream-append'), async () => await client.announce(first)],
    [sha('record-remove'), async () => await client.end()],
    [sha('stream-read-after'), async () => await client.listen(first)],
    [sha('index-remove'), async () => await client.end()],
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
  assert.equal(await server.stop(), 0)
  assert.ok(performance.now() - stopping < PATIENCE, 'no call was left pending: it ended without waiting for one')
  assert.doesNotMatch(server.log(), /unhandled/i)
  raw.disconnect()
  proxy.close()
  return client.result(proxy.cuts)
}

async function listeners (raw: Redis): Promise<number> {
  const [, heard] = await raw.pubsub('NUMSUB', 'holdfast:bus:mcp:fleet') as [string, number]
  return heard
}

/** By which a script is called. */
function sha (name: string): string {
  const file = new URL(`../lua/${name}.lua`, import.meta.resolve('@holdfast/redis'))
  return createHash('sha1').update(readFileSync(file)).digest('hex')
}
