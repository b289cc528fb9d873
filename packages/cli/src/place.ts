import type { Command } from 'commander'
import { isFilePath } from '@holdfast/sqlite'
import { UsageError } from './failure.js'
import type { Io } from './io.js'

/** The sessions that a command works on. */
export interface Place {
  sqlite?: string
  redis?: string
  master?: string
  prefix?: string
  namespace: string
  json?: boolean
}

/** Where a backend is: a file, or a Redis with the option or variable that its URLs come from. */
export type Address =
  | { file: string }
  | { urls: string, name: string, master: string | undefined, prefix: string | undefined }

/** Adds the options of {@link Place}. */
export function placed (command: Command): Command {
  return command
    .option('--sqlite <path>', 'the file that holds the sessions (default: HOLDFAST_SQLITE)')
    .option('--redis <urls>', 'the Redis that holds the sessions: redis:// or rediss:// (TLS); separate several ' +
      'URLs, of a Cluster or of Sentinels, with commas (default: REDIS_URL)')
    .option('--master <name>', 'the name of the master that the Sentinels watch (default: HOLDFAST_REDIS_MASTER)')
    .option('--prefix <text>', 'the prefix of all keys in Redis (default: HOLDFAST_REDIS_PREFIX, or holdfast:)')
    .option('--namespace <name>', 'the namespace of the servers', 'mcp')
    .option('--json', 'print the result as JSON')
}

/** The address that options or variables give, if any. An option wins. @throws UsageError when they give two */
export function addressOf (io: Io, place: Place): Address | undefined {
  const { HOLDFAST_SQLITE: file = '', REDIS_URL: urls = '' } = io.env
  if (place.sqlite !== undefined && place.redis !== undefined) throw new UsageError('Use either --sqlite or --redis.')
  if (place.sqlite !== undefined) return fileAt(place.sqlite, '--sqlite', place)
  if (place.redis !== undefined) return redisAt(io, place.redis, '--redis', place)
  if (file !== '' && urls !== '') {
    throw new UsageError('HOLDFAST_SQLITE and REDIS_URL are both set. Choose with --sqlite or --redis.')
  }
  if (file !== '') return fileAt(file, 'HOLDFAST_SQLITE', place)
  return urls === '' ? undefined : redisAt(io, urls, 'REDIS_URL', place)
}

/** @throws UsageError without an address, or with two */
export function demandAddress (io: Io, place: Place): Address {
  const address = addressOf(io, place)
  if (address !== undefined) return address
  throw new UsageError('No place of sessions is given. Use --sqlite or --redis, or set HOLDFAST_SQLITE or REDIS_URL.')
}

export function prefixOf ({ env }: Io, { prefix }: Pick<Place, 'prefix'>): string | undefined {
  return prefix ?? env.HOLDFAST_REDIS_PREFIX
}

/** @throws UsageError whose message does not show the text: it may contain a password */
function fileAt (file: string, name: string, { master, prefix }: Place): Address {
  if (!isFilePath(file)) throw new UsageError(`${name}: expected the path of a file, not a URL.`)
  if (master !== undefined || prefix !== undefined) throw new UsageError('--master and --prefix are for Redis only.')
  return { file }
}

function redisAt (io: Io, urls: string, name: string, place: Place): Address {
  return { urls, name, master: place.master ?? io.env.HOLDFAST_REDIS_MASTER, prefix: prefixOf(io, place) }
}
