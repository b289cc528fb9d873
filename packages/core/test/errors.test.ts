import { readFileSync } from 'node:fs'
import t from 'tap'
import type * as Errors from '../dist/errors.js'
import { manager, outage } from './fixtures/manager.js'
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
  for (const other of [new Error('HOLDFAST_CONFLICT'), { code: 'HOLDFAST_CONFLICT' }, null, undefined]) {
    t.notOk(isHoldfastError(other))
  }
})

t.test('errors of another copy of this package are known as such, and nothing else is', async (t) => {
  const copy: typeof Errors = await import(`${new URL('../dist/errors.js', import.meta.url).href}?copy`)
  t.not(copy.HoldfastError, HoldfastError)
  const full = new copy.HoldfastError('HOLDFAST_BACKEND_FULL')
  t.ok(isHoldfastError(full, 'HOLDFAST_BACKEND_FULL') && full instanceof HoldfastError)
  t.ok(new copy.InvalidOptionError('keys', 'none') instanceof InvalidOptionError)
  class Own extends HoldfastError {}
  class OwnOption extends InvalidOptionError {}
  t.ok(new Own('HOLDFAST_CLOSED') instanceof Own && new Own('HOLDFAST_CLOSED') instanceof HoldfastError)
  t.ok(new OwnOption('a', 'b') instanceof OwnOption)
  for (const other of [full, null, undefined, 'text', {}]) {
    t.notOk(other instanceof Own)
    t.notOk(other instanceof InvalidOptionError || other instanceof OwnOption)
  }
  t.notOk(new copy.InvalidOptionError('keys', 'none') instanceof HoldfastError)
})

t.test('a full backend is no outage, whichever copy of this package says so', async (t) => {
  const copy: typeof Errors = await import(`${new URL('../dist/errors.js', import.meta.url).href}?copy`)
  const { backend, sessions } = manager()
  outage(backend, new copy.HoldfastError('HOLDFAST_BACKEND_FULL'))
  await t.rejects(sessions.create(), { code: 'HOLDFAST_BACKEND_FULL' })
})
