import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readEnvironment } from '../dist/environment.js'

const ENTRY = fileURLToPath(new URL('../dist/server.js', import.meta.url))
const KEY = 'canary+'.repeat(6) + 'A='
const OTHER = 'kanari/'.repeat(6) + 'A='

const REFUSED: Array<[what: string, environment: Record<string, string>, says: string]> = [
  ['a key that is too short', { HOLDFAST_KEYS: 'k1:canary+canary+' }, 'HOLDFAST_KEYS: keys[0].key: expected 32 bytes'],
  [
    'one bad key among good ones',
    { HOLDFAST_KEYS: `k1:${KEY},k2:${OTHER.slice(1)}` },
    'HOLDFAST_KEYS: keys[1].key: expected 32 bytes'
  ],
  [
    'a key in no encoding',
    { HOLDFAST_KEYS: `k1:${KEY.replace('c', '!')}` },
    'HOLDFAST_KEYS: keys[0].key: expected 32 bytes'
  ],
  [
    'two keys with one id',
    { HOLDFAST_KEYS: `k1:${KEY},k1:${OTHER}` },
    'HOLDFAST_KEYS: keys[1].id: is also the id of keys[0]'
  ],
  ['a key without an id', { HOLDFAST_KEYS: KEY }, 'HOLDFAST_KEYS: keys[0]: expected id:key'],
  ['a snapshot without keys', {}, 'HOLDFAST_SNAPSHOT: is sealed, so it needs HOLDFAST_KEYS'],
  [
    'keys, and no encryption',
    { HOLDFAST_KEYS: `k1:${KEY}`, HOLDFAST_ENCRYPTION: 'none' },
    'HOLDFAST_ENCRYPTION: cannot be "none"'
  ]
]

for (const [what, environment, says] of REFUSED) {
  t.test(`${what} is refused in one line that says so`, async t => {
    const given = { HOLDFAST_SNAPSHOT: 'sessions', ...environment }
    const refused = t.throws(() => readEnvironment(given), { code: 'INVALID_ENVIRONMENT' }) as Error
    t.ok(refused.message.startsWith(says))
    t.notMatch(refused.message, /canary|kanari|\n/)
  })
}

t.test('what is refused ends the process with code 1, and the line is all that it says', async t => {
  const { PATH = '' } = process.env
  const [, environment, says] = REFUSED[0] as (typeof REFUSED)[0]
  const child = spawn(process.execPath, [ENTRY], {
    env: {
      PATH, PORT: '0', HOLDFAST_BACKEND: 'memory', HOLDFAST_SNAPSHOT: join(t.testdir({}), 'sessions'), ...environment
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  t.strictSame(await once(child, 'close'), [1, null])
  t.equal(output, '')
  t.match(errors, /^[^\n]+\n$/)
  t.ok(errors.startsWith(says))
  t.notMatch(errors, /canary|kanari/)
})
