import { Keyring } from '@holdfast/fastify'
import { pluginOption } from './plugin-option.js'
import { filePath, matching, oneOf, redisUrls, timer, wholeNumber } from './values.js'
import type { Variable } from './variable.js'

const PREFIX = matching(/^[^{}\s]{1,64}$/, '1 to 64 characters without braces and white space')
const NAME = matching(/\S/, 'the name of a master')

/** Where sessions live, how they are sealed and saved, and when the backend counts as degraded. */
export const STORAGE_VARIABLES: readonly Variable[] = [
  {
    name: 'HOLDFAST_BACKEND',
    option: 'backend',
    parse: oneOf(['memory', 'sqlite', 'redis']),
    absent: '`memory`',
    about: 'where sessions live: `memory`; `sqlite`: a file that all processes of one machine share; `redis`: any ' +
      'replica serves any session. The last two need keys'
  },
  {
    name: 'HOLDFAST_SQLITE',
    option: 'sqlite.path',
    parse: filePath,
    absent: 'none; `sqlite` needs it',
    about: 'the database file, in a folder of its own that nobody else may read; the folder is made when it does not ' +
      'exist. On a local disk'
  },
  {
    name: 'HOLDFAST_SQLITE_DURABILITY',
    option: 'sqlite.durability',
    parse: oneOf(['power', 'process']),
    about: 'what an answered write survives: `power`: the loss of power; `process`: `kill -9` only, and no write ' +
      'waits for the disk'
  },
  {
    name: 'HOLDFAST_SQLITE_TOUCH_DELAY',
    option: 'sqlite.touchDelay',
    parse: timer,
    about: 'how long the last use of a session may stay in the process before the file has it'
  },
  {
    name: 'HOLDFAST_SQLITE_BYTES',
    option: 'sqlite.maxBytes',
    parse: wholeNumber(2 ** 20),
    about: 'bytes of the database file; its `-wal` file takes up to 80 MiB beside it'
  },
  {
    name: 'HOLDFAST_SQLITE_CACHE_BYTES',
    option: 'sqlite.cacheBytes',
    parse: wholeNumber(1),
    about: 'bytes of memory for pages of the file'
  },
  {
    name: 'REDIS_URL',
    option: 'redis.url',
    parse: redisUrls,
    absent: 'none; `redis` needs it',
    about: '`redis://user:password@host:6379`, or `rediss://` for TLS; several with commas between them: nodes of a ' +
      'Cluster, or Sentinels. In a password, `%2C` is a comma'
  },
  {
    name: 'HOLDFAST_REDIS_MASTER',
    option: 'redis.master',
    parse: NAME,
    absent: 'none',
    about: 'says that `REDIS_URL` names Sentinels, and what they call the master that they watch'
  },
  {
    name: 'HOLDFAST_REDIS_PREFIX',
    option: 'redis.prefix',
    parse: PREFIX,
    about: 'begins every key; two applications on one Redis need two'
  },
  {
    name: 'HOLDFAST_REDIS_COMMAND_TIMEOUT',
    option: 'redis.commandTimeout',
    parse: timer,
    about: 'a command that Redis does not answer for so long is given up'
  },
  {
    name: 'HOLDFAST_REDIS_REPLICATED',
    option: 'redis.replicated',
    parse: wholeNumber(0),
    about: 'replicas of Redis that must have a write before it counts as done: ' +
      'without it, a failover may lose the last ones'
  },
  {
    name: 'HOLDFAST_DURABILITY',
    option: 'redis.durability',
    parse: oneOf(['warn', 'strict']),
    about: '`strict`: serve nothing while Redis does not keep sessions safe'
  },
  {
    name: 'HOLDFAST_FALLBACK',
    option: 'fallback.to',
    parse: oneOf(['memory']),
    absent: 'none: clients get 503 while Redis is away',
    about: '`memory`: new sessions begin ' +
      '[in memory](moving-sessions.md#withfallback-accept-new-sessions-during-an-outage) ' +
      'while Redis is away. For a single replica only'
  },
  {
    name: 'HOLDFAST_FALLBACK_PROBE',
    option: 'fallback.probe',
    parse: timer,
    absent: '`1s`',
    about: 'how often to look whether Redis is back'
  },
  {
    name: 'HOLDFAST_COPY_URL',
    option: 'copy.url',
    parse: redisUrls,
    absent: 'none',
    about: 'a second Redis, written as `REDIS_URL`, that gets ' +
      '[a copy](moving-sessions.md#mirrored-keep-a-second-copy) of everything'
  },
  {
    name: 'HOLDFAST_COPY_MASTER',
    option: 'copy.master',
    parse: NAME,
    absent: 'none',
    about: 'says that `HOLDFAST_COPY_URL` names Sentinels, and what they call the master that they watch'
  },
  {
    name: 'HOLDFAST_COPY_PREFIX',
    option: 'copy.prefix',
    parse: PREFIX,
    absent: 'as `HOLDFAST_REDIS_PREFIX`',
    about: 'begins every key of the copy'
  },
  {
    name: 'HOLDFAST_MAX_EVENTS',
    option: 'bounds.maxEntries',
    parse: wholeNumber(1),
    about: 'events that are kept of one stream, for clients that resume it'
  },
  {
    name: 'HOLDFAST_MAX_STREAM_BYTES',
    option: 'bounds.maxStreamBytes',
    parse: wholeNumber(1),
    about: 'bytes that are kept of one stream'
  },
  {
    name: 'HOLDFAST_MAX_STREAMS',
    option: 'bounds.maxStreams',
    parse: wholeNumber(1),
    about: 'streams that are kept of one session; for one more, the oldest that has ended is dropped'
  },
  {
    name: 'HOLDFAST_MAX_TOMBSTONES',
    option: 'bounds.maxTombstones',
    parse: wholeNumber(1),
    about: 'tombstones of ended sessions that are kept'
  },
  {
    name: 'HOLDFAST_MEMORY_BYTES',
    option: 'memory.maxBytes',
    parse: wholeNumber(1),
    about: 'bytes of everything that is in memory'
  },
  {
    name: 'HOLDFAST_MEMORY_ENDED_BYTES',
    option: 'memory.maxEndedBytes',
    parse: wholeNumber(1),
    about: 'bytes of the ended streams in memory'
  },
  {
    name: 'HOLDFAST_KEYS',
    option: 'keys',
    parse: text => new Keyring(text),
    absent: 'none: sessions in memory are not sealed; `sqlite`, `redis` and a snapshot need keys',
    about: '`<id>:<base64 of 32 bytes>`, several with commas between them: the first seals, all open'
  },
  {
    ...pluginOption(
      'HOLDFAST_ENCRYPTION', 'encryption',
      '`none`: what is stored may be without keys, with everything in it readable'
    ),
    absent: 'sealed, given keys'
  },
  {
    name: 'HOLDFAST_SNAPSHOT',
    option: 'snapshot.path',
    parse: String,
    absent: 'none: sessions in memory end with the process',
    about: 'a file, in a folder that exists: ' +
      'sessions are restored from it at the start and written to it at the end. Needs keys'
  },
  {
    name: 'HOLDFAST_SNAPSHOT_EVERY',
    option: 'snapshot.every',
    parse: timer,
    absent: 'at the end only',
    about: 'they are written this often as well, for the day on which the process is killed'
  },
  pluginOption(
    'HOLDFAST_HEARTBEAT', 'heartbeat',
    'a process that died is noticed by the other replicas within two heartbeats'
  ),
  pluginOption(
    'HOLDFAST_THRESHOLD_LATENCY', 'thresholds.latency', 'the backend counts as degraded when it takes longer to answer'
  ),
  pluginOption(
    'HOLDFAST_THRESHOLD_ERROR_RATE', 'thresholds.errorRate',
    'the backend counts as degraded when at least this share of its calls fails, such as `0.05`'
  ),
  pluginOption('HOLDFAST_THRESHOLD_INTERVAL', 'thresholds.interval', 'how often the backend is checked')
]
