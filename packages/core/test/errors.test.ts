import { readFileSync } from 'node:fs'
import t from 'tap'
import { ERROR_CODES, type ErrorCode, HoldfastError, InvalidOptionError, isHoldfastError } from '../dist/index.js'

const codes = Object.keys(ERROR_CODES) as ErrorCode[]

t.test('every code carries its meaning as the message', async (t) => {
  for (const code of codes) {
    t.match(code, /^HOLDFAST_[A-Z]+(_[A-Z]+)*$/)
    const error = new HoldfastError(code)
    t.equal(error.code, code)
    t.equal(error.message, ERROR_CODES[code])
    t.equal(error.name, 'HoldfastError')
    t.ok(error instanceof Error)
  }
})

t.test('the README lists every code with its meaning, and no other', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const listed = [...readme.matchAll(/^\| `(HOLDFAST_\w+)` \| (.+) \|$/gm)].map(([, code, meaning]) => [code, meaning])
  t.strictSame(listed, Object.entries(ERROR_CODES))
})

t.test('a message and a cause can be given', async (t) => {
  const cause = new Error('connection lost')
  const error = new HoldfastError('HOLDFAST_CLOSED', 'too late', { cause })
  t.equal(error.message, 'too late')
  t.equal(error.cause, cause)
})

t.test('misuse is a TypeError that names the option', async (t) => {
  const error = new InvalidOptionError('ttl.idle', 'expected a duration')
  t.ok(error instanceof TypeError)
  t.equal(error.code, 'HOLDFAST_INVALID_OPTION')
  t.equal(error.name, 'InvalidOptionError')
  t.equal(error.path, 'ttl.idle')
  t.equal(error.message, 'ttl.idle: expected a duration')
  t.notOk(isHoldfastError(error))
})

t.test('errors are told apart by code', async (t) => {
  const error = new HoldfastError('HOLDFAST_CONFLICT')
  t.ok(isHoldfastError(error))
  t.ok(isHoldfastError(error, 'HOLDFAST_CONFLICT'))
  t.notOk(isHoldfastError(error, 'HOLDFAST_CLOSED'))
  for (const other of [new Error('HOLDFAST_CONFLICT'), { code: 'HOLDFAST_CONFLICT' }, null, undefined]) t.notOk(isHoldfastError(other))
})
