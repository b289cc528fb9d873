import { format, inspect } from 'node:util'
import t from 'tap'
import { Envelope, generateKey, Keyring } from '../dist/index.js'
import { failure } from './fixtures/failure.js'
import { FakeKms } from './fixtures/kms.js'

const CANARY = 'plaintext-canary'

/** A key in every way that it might be written, without padding. */
function spellings (key: Buffer): string[] {
  return [
    key.toString('hex'), key.toString('base64').slice(0, 42), key.toString('base64url').slice(0, 42),
    key.toString('latin1'), [...key].join(','), [...key].join(', ')
  ]
}

/** Everything that a log line, a debugger or a report could make of a value. */
function printed (value: unknown): string[] {
  const deep = { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null }
  return [
    inspect(value, deep), inspect({ nested: [value] }, deep), JSON.stringify(value), String(value),
    format('%s %o %O %j', value, value, value, value), inspect(structuredClone(value), deep)
  ]
}

t.test('nothing prints a key', async (t) => {
  const entry = generateKey('k1')
  const material = Buffer.from(entry.slice(3), 'base64')
  const keyring = new Keyring(`${entry},${generateKey('k0')}`)
  const envelope = new Envelope(keyring)
  await envelope.seal(Buffer.from(CANARY), CANARY)
  for (const text of [...printed(keyring), ...printed(envelope)]) {
    for (const secret of [...spellings(material), CANARY]) t.notOk(text.includes(secret))
  }
  t.equal(inspect(keyring), 'Keyring {}')
})

t.test('nothing prints a data key', async (t) => {
  const dataKeys: Buffer[] = []
  const kms = new FakeKms('kms')
  const provider = {
    id: 'kms',
    wrap: (key: Uint8Array) => { dataKeys.push(Buffer.from(key)); return kms.wrap(key) },
    unwrap: (wrapped: Uint8Array) => kms.unwrap(wrapped)
  }
  const keyring = new Keyring(provider)
  const envelope = new Envelope(keyring)
  await envelope.seal(Buffer.from(CANARY), 'a')
  t.equal(dataKeys.length, 1)
  for (const text of [...printed(keyring), ...printed(envelope)]) {
    for (const secret of dataKeys.flatMap(spellings)) t.notOk(text.includes(secret))
  }
})

t.test('no failure shows keys, plaintext, AAD or what was sealed', async (t) => {
  const entry = generateKey('id-canary')
  const material = Buffer.from(entry.slice(10), 'base64')
  const envelope = new Envelope(new Keyring(entry))
  const sealed = Buffer.from(await envelope.seal(Buffer.from(CANARY), CANARY))
  const text = await envelope.sealText(Buffer.from(CANARY), CANARY)
  const revoked = new Envelope(new Keyring(`${generateKey('k2')},${entry}:revoked`))
  const failures = await Promise.all([
    () => envelope.open(sealed, 'other'), () => envelope.open(sealed.subarray(0, 50), CANARY),
    () => envelope.openText(text + '=', CANARY),
    () => new Envelope(new Keyring(generateKey('k2'))).open(sealed, CANARY), () => revoked.open(sealed, CANARY)
  ].map(failure))
  t.equal(new Set(failures.map(({ code }) => code)).size, 4)
  for (const error of failures) {
    const shown = [
      inspect(error, { depth: Infinity, showHidden: true }), JSON.stringify(error), String(error), String(error.stack)
    ]
    for (const secret of [...spellings(material), CANARY, 'id-canary', sealed.toString('hex'), text.slice(4, 40)]) {
      for (const one of shown) t.notOk(one.includes(secret))
    }
  }
})
