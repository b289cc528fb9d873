import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'

const READERS: Record<string, (redis: Redis, name: string) => Promise<Buffer[]>> = {
  string: async (redis, name) => [await redis.getBuffer(name) as Buffer],
  set: async (redis, name) => await redis.smembersBuffer(name),
  list: async (redis, name) => await redis.lrangeBuffer(name, 0, -1),
  zset: async (redis, name) => await redis.zrangeBuffer(name, 0, '-1'),
  hash: async (redis, name) => Object.entries(await redis.hgetallBuffer(name)).flatMap(
    ([field, value]) => [Buffer.from(field), value]
  )
}

/** Every name and value that a Redis holds, one after the other, and which types of values there are. */
export async function contents (redis: Redis): Promise<{ bytes: Buffer, types: string[] }> {
  const names = await redis.keys('*')
  const all: Buffer[] = [Buffer.from(names.join('\n'))]
  const types = new Set<string>()
  for (const name of names) {
    const type = await redis.type(name)
    const read = READERS[type]
    // It expired meanwhile.
    if (type === 'none') continue
    if (read === undefined) throw new Error(`nobody reads a ${type} here`)
    types.add(type)
    all.push(...await read(redis, name))
  }
  return { bytes: Buffer.concat(all), types: [...types].sort() }
}

/** What a Redis has written to its append-only file, which is whole with `--aof-use-rdb-preamble no`. */
export async function appendOnly (dir: string): Promise<Buffer> {
  const folder = join(dir, 'appendonlydir')
  const files = await readdir(folder)
  return Buffer.concat(await Promise.all(files.map(async file => await readFile(join(folder, file)))))
}

/** Hears every byte that a Redis is sent, bus messages and bodies included. */
export async function traffic (url: string): Promise<{ bytes: () => Buffer, stop: () => void }> {
  const client = new Redis(url)
  const monitor = await client.monitor()
  client.disconnect()
  const seen: Buffer[] = []
  monitor.on('monitor', (_: string, args: string[]) => { seen.push(Buffer.from(args.join('\n') + '\n')) })
  return { bytes: () => Buffer.concat(seen), stop: () => { monitor.disconnect() } }
}
