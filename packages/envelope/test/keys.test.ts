import { createPrivateKey, createSecretKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { Envelope, generateKey, InvalidKeyError, Keyring, type Keys, type KeySpec } from '../dist/index.js'
import { hexKey } from './fixtures/keys.js'
import { FakeKms } from './fixtures/kms.js'

const good = (id: string, first: number): KeySpec => ({ id, key: hexKey(first) })
const bytes = (first: number): Buffer => Buffer.from(hexKey(first), 'hex')

t.test('the first key seals unless it says otherwise; the others only open', async (t) => {
  t.strictSame(new Keyring([good('b', 2), good('a', 1)]).ids, [
    { id: 'b', state: 'active' }, { id: 'a', state: 'decrypt-only' }
  ])
  t.equal(new Keyring([good('b', 2), good('a', 1)]).active, 'b')
  t.equal(new Keyring([{ ...good('b', 2), state: 'decrypt-only' }, { ...good('a', 1), state: 'active' }]).active, 'a')
  t.equal(new Keyring([{ ...good('b', 2), state: 'active' }, { ...good('a', 1), state: 'active' }]).active, 'b')
})

t.test('the string form', async (t) => {
  const [third, second] = [bytes(3).toString('base64'), bytes(2).toString('base64url')]
  const text = `k3:${third}:decrypt-only, k2:${second}:active,\n k1:${hexKey(1)}:revoked\n`
  t.strictSame(new Keyring(text).ids, [
    { id: 'k3', state: 'decrypt-only' }, { id: 'k2', state: 'active' }, { id: 'k1', state: 'revoked' }
  ])
})

t.test('one key in each form is one key', async (t) => {
  const forms: KeySpec['key'][] = [
    hexKey(250), bytes(250), new Uint8Array(bytes(250)), createSecretKey(bytes(250)), bytes(250).toString('base64'),
    bytes(250).toString('base64url')
  ]
  const sealed = await new Envelope(new Keyring([good('k', 250)])).seal(Buffer.from('x'), 'a')
  for (const key of forms) {
    t.strictSame(await new Envelope(new Keyring([{ id: 'k', key }])).open(sealed, 'a'), Buffer.from('x'))
    t.throws(() => new Keyring([good('other', 1), { id: 'k', key }, good('again', 250)]), {
      path: 'keys[2].key', message: 'keys[2].key: is the same key as keys[1]'
    })
  }
})

t.test('bytes that are given are not kept and not changed', async (t) => {
  const key = bytes(1)
  const envelope = new Envelope(new Keyring([{ id: 'k', key }]))
  t.strictSame(key, bytes(1))
  const sealed = await envelope.seal(Buffer.from('x'), 'a')
  key.fill(9)
  t.strictSame(await envelope.open(sealed, 'a'), Buffer.from('x'))
})

t.test('one bad key among good keys fails, and the error names its place', async (t) => {
  const base64 = bytes(9).toString('base64')
  const privateKey = createPrivateKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8', format: 'pem'
  }))
  const badMaterial: unknown[] = [
    bytes(9).subarray(1), Buffer.concat([bytes(9), Buffer.of(1)]), Buffer.alloc(32), '0'.repeat(64), hexKey(9).slice(2),
    hexKey(9) + '00', hexKey(170).toUpperCase(),
    base64.slice(1), base64 + '=', ' ' + base64, base64.slice(0, -2) + 'B=',
    bytes(250).toString('base64').replace('=', ''), 'canary', '', undefined, null, 7, {},
    createSecretKey(bytes(9).subarray(1)), privateKey, new Uint16Array(16).fill(7), Array.from(bytes(9))
  ]
  for (const key of badMaterial) {
    t.throws(() => new Keyring([good('a', 1), { id: 'canary', key } as KeySpec, good('b', 2)]), InvalidKeyError)
    t.throws(() => new Keyring([good('a', 1), { id: 'canary', key } as KeySpec, good('b', 2)]), {
      name: 'InvalidKeyError', path: 'keys[1].key', code: 'HOLDFAST_INVALID_KEY'
    })
  }
  const bad: [string, unknown][] = [
    ['keys[1].id', { ...good('a', 9) }], ['keys[1].id', good('', 9)], ['keys[1].id', good('x'.repeat(17), 9)],
    ['keys[1].id', good('k:1', 9)], ['keys[1].id', good('k\n', 9)],
    ['keys[1].id', good('ü', 9)], ['keys[1].id', { key: hexKey(9) }], ['keys[1].id', { id: 1, key: hexKey(9) }],
    ['keys[1].state', { ...good('b', 9), state: 'canary' }],
    ['keys[1]', null], ['keys[1]', 'canary'], ['keys[1]', undefined], ['keys[1]', { ...good('b', 9), sate: 'revoked' }],
    ['keys[1].id', new FakeKms('a')], ['keys[1].id', new FakeKms('')], ['keys[1].unwrap', { id: 'b', wrap: () => {} }],
    ['keys[1].wrap', { id: 'b', wrap: 'canary', unwrap: () => {} }],
    ['keys[1].maxAge', new FakeKms('b', { maxAge: 0 })], ['keys[1].maxAge', new FakeKms('b', { maxAge: NaN })],
    ['keys[1].maxUses', new FakeKms('b', { maxUses: '9' as never })]
  ]
  for (const [path, spec] of bad) {
    try {
      t.fail(`${path}: ${new Keyring([good('a', 1), spec as KeySpec, good('c', 3)]).active}`)
    } catch (error) {
      t.match(error, { path, message: `${path}: ` })
      t.notMatch((error as Error).message, 'canary')
    }
  }
})

t.test('a string with a bad entry is refused, and the error shows nothing of it', async (t) => {
  const entry = generateKey('k1')
  const key = entry.slice(3)
  const bad: [string, string][] = [
    [`${entry},`, 'keys[1]'], [`${entry},,${generateKey('k2')}`, 'keys[1]'], [key, 'keys[0]'],
    [`${entry},${key}`, 'keys[1]'], [`${entry}:active:more`, 'keys[0]'],
    [`${key}:k1`, 'keys[0].id'], [`${entry}:`, 'keys[0].state'], [`${entry}:Active`, 'keys[0].state'],
    [`k2:${key.slice(1)}`, 'keys[0].key'], [`${entry},k2:${key}`, 'keys[1].key'],
    ['', 'keys[0]'], [' ', 'keys[0]'], [`"${entry}"`, 'keys[0].id']
  ]
  for (const [text, path] of bad) {
    try {
      t.fail(new Keyring(text).active)
    } catch (error) {
      t.match(error, { path, message: `${path}: ` })
      t.notOk(String((error as Error).stack).includes(key.slice(1, -1)))
    }
  }
})

t.test('no keys, or none that is active, is refused', async (t) => {
  const none: unknown[] = [[], undefined, null, 7, {}, good('a', 1)]
  for (const keys of none) t.throws(() => new Keyring(keys as Keys), { name: 'InvalidKeyError', path: 'keys' })
  t.throws(() => new Keyring([{ ...good('a', 1), state: 'decrypt-only' }, good('b', 2)]), {
    path: 'keys', message: 'keys: expected an active key'
  })
  t.throws(() => new Keyring(new FakeKms('a', { state: 'revoked' })), { name: 'InvalidKeyError', path: 'keys' })
})

t.test('a generated key is an entry of a keyring', async (t) => {
  const today = new Date().toISOString().slice(0, 7).replace('-', '')
  t.match(generateKey(), new RegExp(`^${today}\\d\\d-[0-9a-f]{4}:[A-Za-z0-9+/]{43}=$`))
  t.equal(new Keyring(generateKey('k7')).active, 'k7')
  t.not(generateKey('k').slice(2), generateKey('k').slice(2))
  for (const id of ['', 'a:b', 'x'.repeat(17)]) {
    t.throws(() => generateKey(id), { path: 'id', code: 'HOLDFAST_INVALID_KEY' })
  }
})
