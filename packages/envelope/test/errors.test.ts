import { readFileSync } from 'node:fs'
import t from 'tap'
import { ENVELOPE_ERRORS, EnvelopeError, type EnvelopeErrorCode, InvalidKeyError } from '../dist/index.js'

const RETRYABLE = ['HOLDFAST_UNKNOWN_KEY', 'HOLDFAST_KMS_UNAVAILABLE']

t.test('every code carries its meaning as the message, and says whether to try again', async (t) => {
  for (const [code, meaning] of Object.entries(ENVELOPE_ERRORS) as [EnvelopeErrorCode, string][]) {
    t.match(code, /^HOLDFAST_[A-Z]+(_[A-Z]+)*$/)
    if (code === 'HOLDFAST_INVALID_KEY') continue
    const error = new EnvelopeError(code)
    t.match(error, { name: 'EnvelopeError', code, message: meaning, retryable: RETRYABLE.includes(code) })
    t.notOk('cause' in error)
  }
  const cause = new Error('refused')
  t.equal(new EnvelopeError('HOLDFAST_KMS_UNAVAILABLE', { cause }).cause, cause)
})

t.test('misuse is a TypeError that names the key', async (t) => {
  const error = new InvalidKeyError('keys[1].id', 'is empty')
  t.ok(error instanceof TypeError)
  t.match(error, {
    name: 'InvalidKeyError', code: 'HOLDFAST_INVALID_KEY', path: 'keys[1].id', message: 'keys[1].id: is empty'
  })
})

t.test('the README lists every code with its meaning, and no other', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const listed = [...readme.matchAll(/^\| `(HOLDFAST_\w+)` \| (.+) \| (yes|no) \|$/gm)].map(
    ([, code, meaning, retryable]) => [code, meaning, retryable]
  )
  const known = Object.entries(ENVELOPE_ERRORS)
  t.strictSame(listed, known.map(([code, meaning]) => [code, meaning, RETRYABLE.includes(code) ? 'yes' : 'no']))
})
