import { readFileSync } from 'node:fs'
import { HoldfastError } from '@holdfast/core'
import t from 'tap'
import { REDIS_ERRORS, RedisError, type RedisErrorCode } from '../dist/index.js'
import { translate } from '../dist/errors.js'

t.test('each error of Redis and ioredis has a code', async (t) => {
  const errors: Array<[text: string, code: RedisErrorCode]> = [
    ['Command timed out', 'REDIS_TIMEOUT'],
    ['Connection is closed.', 'REDIS_DISCONNECTED'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'REDIS_DISCONNECTED'],
    ['self-signed certificate', 'REDIS_TLS'],
    ['Command aborted due to connection close', 'REDIS_DISCONNECTED'],
    ['Reached the max retries per request limit (which is 0).', 'REDIS_DISCONNECTED'],
    ['LOADING Redis is loading the dataset in memory', 'REDIS_LOADING'],
    ["READONLY You can't write against a read only replica.", 'REDIS_READONLY'],
    ['MASTERDOWN Link with MASTER is down', 'REDIS_MASTERDOWN'],
    ['BUSY Redis is busy running a script.', 'REDIS_BUSY'],
    ['CLUSTERDOWN The cluster is down', 'REDIS_CLUSTERDOWN'],
    ['MISCONF Redis is configured to save RDB snapshots', 'REDIS_MISCONF'],
    ['NOREPLICAS Not enough good replicas to write.', 'REDIS_NOREPLICAS'],
    ['NOAUTH Authentication required.', 'REDIS_AUTH'],
    ['WRONGPASS invalid username-password pair', 'REDIS_AUTH'],
    ['NOPERM this user has no permissions', 'REDIS_NOPERM'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'REDIS_CROSSSLOT'],
    ['MOVED 3999 127.0.0.1:6381', 'REDIS_CROSSSLOT'],
    ['FOREIGN value', 'REDIS_FOREIGN'],
    ['ERR something else', 'REDIS_FAILED']
  ]
  for (const [text, code] of errors) t.match(translate(new Error(text)), { name: 'RedisError', code }, text)
  t.match(translate(Object.assign(new Error(''), { code: 'ECONNREFUSED' })), { code: 'REDIS_DISCONNECTED' })
  t.match(translate(new Error('')), { code: 'REDIS_FAILED' })
  t.match(translate('no error at all'), { code: 'REDIS_FAILED' })
})

t.test('a full memory is an error of Holdfast', async (t) => {
  t.match(translate(new Error("OOM command not allowed when used memory > 'maxmemory'.")), {
    code: 'HOLDFAST_BACKEND_FULL'
  })
})

t.test('an error with a code keeps it', async (t) => {
  for (const error of [new RedisError('REDIS_BUSY'), new HoldfastError('HOLDFAST_BACKEND_FULL')]) {
    t.equal(translate(error), error)
  }
})

t.test('the reason of a Cluster is that of its last node', async (t) => {
  const error = Object.assign(new Error('Failed to refresh slots cache.'), {
    lastNodeError: new Error('WRONGPASS invalid')
  })
  t.match(translate(error), { code: 'REDIS_AUTH', retryable: false })
})

t.test('nothing of the command is carried on', async (t) => {
  const error = Object.assign(new Error('WRONGPASS canary'), { command: { name: 'auth', args: ['canary'] } })
  const translated = translate(error)
  t.notMatch(JSON.stringify([translated, translated.message, translated.stack?.split('\n')[0]]), 'canary')
  t.equal(translated.cause, undefined)
})

t.test('the README lists every code', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const code of Object.keys(REDIS_ERRORS)) t.match(readme, code)
})
