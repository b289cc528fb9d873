import { readFileSync } from 'node:fs'
import t from 'tap'
import { VARIABLES, fromEnv } from '../dist/index.js'
import { OTHER_NAMES } from '../dist/other-names.js'
import { thrownBy } from './fixtures/thrown-by.js'

const WRONG: Array<[what: string, environment: Record<string, string>, says: string]> = [
  ['an unknown name', { HOLDFAST_MAX_LIFE: '5' }, 'HOLDFAST_MAX_LIFE: is not a variable of this server'],
  ['one in small letters', { holdfast_max_life: '5' }, 'holdfast_max_life: is not a variable of this server'],
  ['a name that a guess gives', { HOLDFAST_REDIS_URL: 'redis://x' }, 'HOLDFAST_REDIS_URL: is called REDIS_URL'],
  ['small letters', { holdfast_max_sessions: '5' }, 'holdfast_max_sessions: is written HOLDFAST_MAX_SESSIONS'],
  ['dashes', { 'holdfast-max-sessions': '5' }, 'holdfast-max-sessions: is written HOLDFAST_MAX_SESSIONS'],
  ['small letters for Redis', { redis_url: 'redis://x' }, 'redis_url: is written REDIS_URL'],
  [
    'two spellings of one name',
    { HOLDFAST_MAX_SESSIONS: '5', Holdfast_Max_Sessions: '6' },
    'Holdfast_Max_Sessions: sets HOLDFAST_MAX_SESSIONS a second time'
  ],
  [
    'two spellings with one value',
    { HOLDFAST_MAX_SESSIONS: '5', 'HOLDFAST.MAX.SESSIONS': '5' },
    'HOLDFAST.MAX.SESSIONS: sets HOLDFAST_MAX_SESSIONS a second time'
  ],
  [
    'our name and that of another store',
    { HOLDFAST_IDLE: '5m', SESSION_TIMEOUT: '300000' },
    'SESSION_TIMEOUT: is another name for HOLDFAST_IDLE, which is set as well'
  ],
  [
    'two names of one Redis',
    { REDIS_URL: 'redis://one', HOLDFAST_REDIS_URL: 'redis://two' },
    'HOLDFAST_REDIS_URL: is another name for REDIS_URL, which is set as well'
  ]
]

for (const [what, environment, says] of WRONG) {
  t.test(`${what}: refused`, async t => {
    t.strictSame(thrownBy(environment).problems, [says])
  })
}

t.test('names of others are theirs while ours are not set', async t => {
  const others = Object.keys(OTHER_NAMES).filter(name => !name.startsWith('HOLDFAST_')).map(name => [name, 'anything'])
  t.ok(others.length > 8)
  t.strictSame(fromEnv({ ...Object.fromEntries(others), host: 'here', Path: '/bin' }).options, {})
})

t.test('a name without a value is not set', async t => {
  t.strictSame(fromEnv({ HOLDFAST_MAX_LIFE: undefined, HOLDFAST_IDLE: undefined }).options, {})
})

t.test('every other name stands for a variable that there is', async t => {
  const known = new Set(VARIABLES.map(({ name }) => name))
  t.strictSame(Object.values(OTHER_NAMES).filter(name => !known.has(name)), [])
})

t.test('the page about others has every other name beside ours, and no variable that is not there', async t => {
  const page = readFileSync(new URL('../../../docs/moving-from-others.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter(line => line.startsWith('|'))
  for (const [name, ours] of Object.entries(OTHER_NAMES)) {
    if (name.startsWith('HOLDFAST_')) continue
    t.ok(rows.some(row => row.split('|')[1]?.includes(`\`${name}\``) && row.split('|')[2]?.includes(ours)), name)
  }
  const known = new Set(VARIABLES.map(({ name }) => name))
  t.strictSame([...page.matchAll(/HOLDFAST_\w+/g)].map(([name]) => name).filter(name => !known.has(name)), [])
})
