import t from 'tap'
import { fromEnv } from '../dist/index.js'
import { thrownBy } from './fixtures/thrown-by.js'

const KEYS = `k1:${'A'.repeat(42)}E=`
const REDIS = { HOLDFAST_BACKEND: 'redis', REDIS_URL: 'redis://me:hush@there', HOLDFAST_KEYS: KEYS }

const SQLITE = { HOLDFAST_BACKEND: 'sqlite', HOLDFAST_SQLITE: './hush/sessions.db', HOLDFAST_KEYS: KEYS }

const WRONG: Array<[what: string, environment: NodeJS.ProcessEnv, says: string[]]> = [
  [
    'keys and no encryption',
    { HOLDFAST_KEYS: KEYS, HOLDFAST_ENCRYPTION: 'none' },
    ['HOLDFAST_ENCRYPTION: cannot be "none" while HOLDFAST_KEYS is set']
  ],
  [
    'no revision at all',
    { HOLDFAST_MODERN: 'refuse', HOLDFAST_LEGACY: 'off' },
    ['HOLDFAST_LEGACY: cannot be "off" while HOLDFAST_MODERN is "refuse"']
  ],
  [
    'Redis without keys',
    { ...REDIS, HOLDFAST_KEYS: undefined },
    ['HOLDFAST_BACKEND: what is in Redis is sealed, so it needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none']
  ],
  [
    'a snapshot without keys',
    { HOLDFAST_SNAPSHOT: './sessions' },
    ['HOLDFAST_SNAPSHOT: is sealed, so it needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none']
  ],
  [
    'Redis without a URL',
    { ...REDIS, REDIS_URL: undefined },
    ['REDIS_URL: is needed for HOLDFAST_BACKEND=redis']
  ],
  [
    'a file without keys',
    { ...SQLITE, HOLDFAST_KEYS: undefined },
    ['HOLDFAST_BACKEND: what is in the file is sealed, so it needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none']
  ],
  [
    'a file without a path',
    { ...SQLITE, HOLDFAST_SQLITE: undefined },
    ['HOLDFAST_SQLITE: is needed for HOLDFAST_BACKEND=sqlite']
  ],
  ...['redis', 'memory', undefined].map((HOLDFAST_BACKEND): (typeof WRONG)[0] => [
    `a file, and the backend ${String(HOLDFAST_BACKEND)}`,
    { ...SQLITE, REDIS_URL: REDIS.REDIS_URL, HOLDFAST_SQLITE_BYTES: '1048576', HOLDFAST_BACKEND },
    ['HOLDFAST_SQLITE', 'HOLDFAST_SQLITE_BYTES'].map(name => `${name}: does nothing without HOLDFAST_BACKEND=sqlite`)
  ]),
  [
    'options of Redis and a fallback, and a file',
    { ...SQLITE, HOLDFAST_REDIS_PREFIX: 'a:', HOLDFAST_FALLBACK: 'memory' },
    ['HOLDFAST_REDIS_PREFIX', 'HOLDFAST_FALLBACK'].map(name => `${name}: does nothing without HOLDFAST_BACKEND=redis`)
  ],
  ...[REDIS, SQLITE].map((environment): (typeof WRONG)[0] => [
    `bounds of memory, and the backend ${environment.HOLDFAST_BACKEND} without a fallback`,
    { ...environment, HOLDFAST_MEMORY_BYTES: '1000', HOLDFAST_MEMORY_ENDED_BYTES: '1000' },
    ['HOLDFAST_MEMORY_BYTES', 'HOLDFAST_MEMORY_ENDED_BYTES']
      .map(name => `${name}: does nothing without HOLDFAST_BACKEND=memory or HOLDFAST_FALLBACK`)
  ]),
  [
    'a file that is malformed: its options may have been meant',
    { ...SQLITE, HOLDFAST_SQLITE: 'file:hush', HOLDFAST_SQLITE_BYTES: '1048576' },
    ['HOLDFAST_SQLITE: expected the path of a file, not a URL']
  ],
  [
    'a copy in the same place',
    { ...REDIS, HOLDFAST_COPY_URL: REDIS.REDIS_URL },
    ['HOLDFAST_COPY_URL: names the same Redis and prefix as REDIS_URL']
  ],
  [
    'a copy in the same place, said twice',
    { ...REDIS, HOLDFAST_COPY_URL: REDIS.REDIS_URL, HOLDFAST_REDIS_PREFIX: 'a:', HOLDFAST_COPY_PREFIX: 'a:' },
    ['HOLDFAST_COPY_URL: names the same Redis and prefix as REDIS_URL']
  ],
  [
    'options of Redis, of a copy and of a fallback in memory',
    { HOLDFAST_REDIS_PREFIX: 'a:', HOLDFAST_COPY_PREFIX: 'a:', HOLDFAST_FALLBACK: 'memory' },
    [
      'HOLDFAST_REDIS_PREFIX: does nothing without HOLDFAST_BACKEND=redis',
      'HOLDFAST_FALLBACK: does nothing without HOLDFAST_BACKEND=redis',
      'HOLDFAST_COPY_PREFIX: does nothing without HOLDFAST_COPY_URL'
    ]
  ],
  [
    'what needs a variable that is malformed: only that one is named',
    { ...REDIS, REDIS_URL: 'hush', HOLDFAST_COPY_URL: 'hush', HOLDFAST_COPY_PREFIX: 'a:' },
    ['REDIS_URL', 'HOLDFAST_COPY_URL'].map(name =>
      `${name}: expected redis://host:port, or rediss:// for TLS; ` +
      'several with commas between them for a Cluster or Sentinels')
  ],
  [
    'a backend that is malformed: what it needs is not known',
    { HOLDFAST_BACKEND: 'floppy', HOLDFAST_REDIS_PREFIX: 'a:', HOLDFAST_SQLITE: 'a', HOLDFAST_MEMORY_BYTES: '1' },
    ['HOLDFAST_BACKEND: expected one of memory, sqlite, redis']
  ]
]

for (const [what, environment, says] of WRONG) {
  t.test(`${what}: refused`, async t => {
    t.strictSame(thrownBy(environment).problems, says)
  })
}

t.test('what goes together is taken', async t => {
  t.match(fromEnv(REDIS).storage, { backend: 'redis', redis: { url: REDIS.REDIS_URL } })
  t.match(fromEnv({ ...REDIS, HOLDFAST_KEYS: undefined, HOLDFAST_ENCRYPTION: 'none' }).options, { encryption: 'none' })
  t.match(fromEnv({ HOLDFAST_SNAPSHOT: './sessions', HOLDFAST_ENCRYPTION: 'none' }).options, { encryption: 'none' })
  t.match(fromEnv({ ...REDIS, HOLDFAST_COPY_URL: REDIS.REDIS_URL, HOLDFAST_COPY_PREFIX: 'copy:' }).storage, {
    copy: { url: REDIS.REDIS_URL, prefix: 'copy:' }
  })
  t.match(fromEnv({ ...REDIS, HOLDFAST_FALLBACK: 'memory', HOLDFAST_MEMORY_BYTES: '1000' }).storage, {
    fallback: { to: 'memory' }, memory: { maxBytes: 1000 }
  })
  for (const HOLDFAST_BACKEND of ['memory', undefined]) {
    t.match(fromEnv({ HOLDFAST_BACKEND, HOLDFAST_MEMORY_BYTES: '1000' }).storage, { memory: { maxBytes: 1000 } })
  }
  // REDIS_URL belongs to everybody: it may be of something else.
  const copied = { ...SQLITE, REDIS_URL: REDIS.REDIS_URL, HOLDFAST_COPY_URL: REDIS.REDIS_URL }
  t.match(fromEnv(copied).storage, { sqlite: { path: './hush/sessions.db' }, copy: { url: REDIS.REDIS_URL } })
  t.match(fromEnv({ REDIS_URL: 'redis://of-something-else' }).storage, { backend: undefined })
})
