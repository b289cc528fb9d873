import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisServer } from '@holdfast/real-redis'

/** Where the sessions of a fleet are. */
export interface Storage {
  /** The variables by which a replica finds it. */
  readonly environment: Record<string, string>
  /** Every byte that it has written to its disk and still keeps. */
  written: () => Promise<Buffer>
  /** Ends it, and removes what it has stored. */
  stop: () => Promise<void>
}

/** A Redis of its own. */
export class RedisStorage implements Storage {
  static readonly title = 'a Redis'

  private constructor (readonly redis: RedisServer) {}

  static async start (): Promise<RedisStorage> {
    return new RedisStorage(await RedisServer.start(['--appendonly', 'yes']))
  }

  get environment (): Record<string, string> {
    return { HOLDFAST_BACKEND: 'redis', HOLDFAST_DURABILITY: 'strict', REDIS_URL: this.redis.url }
  }

  async written (): Promise<Buffer> { return await contentOf(join(this.redis.dir, 'appendonlydir')) }

  async stop (): Promise<void> { await this.redis.stop() }
}

/** A file of SQLite, which all replicas of this machine share. */
export class FileStorage implements Storage {
  static readonly title = 'a file'

  private constructor (readonly folder: string) {}

  static async start (): Promise<FileStorage> {
    return new FileStorage(await mkdtemp(join(tmpdir(), 'holdfast-')))
  }

  get environment (): Record<string, string> {
    return { HOLDFAST_BACKEND: 'sqlite', HOLDFAST_SQLITE: join(this.folder, 'sessions.db') }
  }

  async written (): Promise<Buffer> { return await contentOf(this.folder) }

  async stop (): Promise<void> { await rm(this.folder, { recursive: true }) }
}

/** Each kind of storage, by its name. */
export const STORAGES = { redis: RedisStorage, sqlite: FileStorage }

async function contentOf (folder: string): Promise<Buffer> {
  const files = (await readdir(folder, { withFileTypes: true })).filter(entry => entry.isFile())
  return Buffer.concat(await Promise.all(files.map(async ({ name }) => await readFile(join(folder, name)))))
}
