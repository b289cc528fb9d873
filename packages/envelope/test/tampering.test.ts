import t from 'tap'
import { type Aad, Envelope, type EnvelopeErrorCode, Keyring } from '../dist/index.js'
import { failure } from './fixtures/failure.js'
import { golden, hex } from './fixtures/golden.js'
import { hexKey } from './fixtures/keys.js'

const key = { id: 'k1', key: hexKey(1) }
const envelope = new Envelope(new Keyring([key]))
const aad = ['holdfast', 'session', 'tag.digest', '1']
const sealed = Buffer.from(await envelope.seal(Buffer.from('some plaintext'), aad))
const MINIMUM = 3 + 2 + 32 + 32 + 16

async function code (bytes: Uint8Array, opener = envelope, bound: Aad = aad): Promise<EnvelopeErrorCode> {
  return (await failure(() => opener.open(bytes, bound))).code
}

function flipped (bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

t.test('every flipped bit is refused', async (t) => {
  const refusals = await Promise.all(Array.from({ length: sealed.length * 8 }, (_, bit) => code(flipped(sealed, bit))))
  t.strictSame(refusals.slice(0, 16), Array(16).fill('HOLDFAST_SEAL_MALFORMED'), 'in the version or the suite')
  for (const refusal of refusals.slice(16, 40)) {
    t.match(refusal, /^HOLDFAST_(SEAL_MALFORMED|UNKNOWN_KEY)$/, 'in the key id or its length')
  }
  t.strictSame(refusals.slice(40), Array(sealed.length * 8 - 40).fill('HOLDFAST_SEAL_BROKEN'), 'in the rest')
})

t.test('every flipped bit is refused under a wrapped data key', async (t) => {
  const vector = golden.find(({ wrapped }) => wrapped !== undefined)!
  const wrapped = hex(vector.wrapped!)
  const provider = {
    id: vector.keyId,
    wrap: async () => wrapped,
    unwrap: async (asked: Uint8Array) => wrapped.equals(asked) ? hex(vector.key) : undefined
  }
  const opener = new Envelope(new Keyring(provider))
  const bytes = hex(vector.sealed)
  const lengthAt = (3 + vector.keyId.length) * 8
  const refusals = await Promise.all(
    Array.from({ length: bytes.length * 8 }, (_, bit) => code(flipped(bytes, bit), opener, vector.aad))
  )
  t.strictSame(refusals.slice(0, 16), Array(16).fill('HOLDFAST_SEAL_MALFORMED'), 'in the version or the suite')
  for (const refusal of refusals.slice(16, lengthAt)) {
    t.match(refusal, /^HOLDFAST_(SEAL_MALFORMED|UNKNOWN_KEY)$/, 'in the key id or its length')
  }
  for (const refusal of refusals.slice(lengthAt, lengthAt + 16)) {
    t.match(refusal, /^HOLDFAST_SEAL_(MALFORMED|BROKEN)$/, 'in the length of the wrapped key')
  }
  t.strictSame(
    refusals.slice(lengthAt + 16), Array(bytes.length * 8 - lengthAt - 16).fill('HOLDFAST_SEAL_BROKEN'), 'in the rest'
  )
})

t.test('every truncation and extension is refused', async (t) => {
  for (let length = 0; length < sealed.length; length++) {
    t.equal(
      await code(sealed.subarray(0, length)), length < MINIMUM ? 'HOLDFAST_SEAL_MALFORMED' : 'HOLDFAST_SEAL_BROKEN',
      `${length} bytes`
    )
    t.match(await code(sealed.subarray(sealed.length - length)), /^HOLDFAST_/, `the last ${length} bytes`)
  }
  for (const more of [1, 15, 16, 32, 1000]) {
    t.equal(await code(Buffer.concat([sealed, Buffer.alloc(more)])), 'HOLDFAST_SEAL_BROKEN')
  }
})

t.test('what was sealed with a KMS is malformed when it is cut within the wrapped key or has none', async (t) => {
  const { sealed: whole, keyId, wrapped } = golden.find(({ wrapped }) => wrapped !== undefined)!
  const bytes = hex(whole)
  const lengthAt = 3 + keyId.length
  const smallest = lengthAt + 2 + wrapped!.length / 2 + 80
  for (let length = 0; length < smallest; length++) {
    t.equal(await code(bytes.subarray(0, length)), 'HOLDFAST_SEAL_MALFORMED', `${length} bytes`)
  }
  t.equal(
    await code(Buffer.concat([bytes.subarray(0, lengthAt), Buffer.alloc(2), bytes.subarray(lengthAt + 2)])),
    'HOLDFAST_SEAL_MALFORMED'
  )
})

t.test('every other AAD is refused', async (t) => {
  const others: Aad[] = [
    [], '', 'holdfast', aad.join(''), aad.slice(1), aad.slice(0, 3), [...aad, ''], [...aad, 'x'], ['', ...aad],
    [...aad].reverse(),
    [aad.slice(0, 2).join(''), ...aad.slice(2)], ['holdfas', 'tsession', 'tag.digest', '1']
  ]
  aad.forEach((part, i) => {
    others.push(aad.with(i, part + ' '), aad.with(i, part.slice(1)), aad.with(i, part.toUpperCase() + '!'))
    aad.forEach((other, j) => { if (i !== j) others.push(aad.with(i, other).with(j, part)) })
  })
  for (const other of others) t.equal(await code(sealed, envelope, other), 'HOLDFAST_SEAL_BROKEN')
})

t.test('pieces of two messages do not fit together', async (t) => {
  const other = Buffer.from(await envelope.seal(Buffer.from('other plaintext'.slice(1)), aad))
  t.equal(other.length, sealed.length)
  for (const cut of [37, 69, sealed.length - 16]) {
    t.equal(await code(Buffer.concat([sealed.subarray(0, cut), other.subarray(cut)])), 'HOLDFAST_SEAL_BROKEN')
  }
})

t.test('another key of the same id opens nothing', async (t) => {
  t.equal(await code(sealed, new Envelope(new Keyring([{ id: 'k1', key: hexKey(2) }]))), 'HOLDFAST_SEAL_BROKEN')
})

t.test('an unknown key, a revoked key and a key of the other kind each have their own error', async (t) => {
  const other = { id: 'k2', key: hexKey(2) }
  t.equal(await code(sealed, new Envelope(new Keyring([other]))), 'HOLDFAST_UNKNOWN_KEY')
  t.equal(await code(sealed, new Envelope(new Keyring([other, { ...key, state: 'revoked' }]))), 'HOLDFAST_REVOKED_KEY')
  const kms = { id: 'k1', wrap: async () => Buffer.alloc(1), unwrap: async () => undefined }
  t.equal(await code(sealed, new Envelope(new Keyring(kms))), 'HOLDFAST_UNKNOWN_KEY')
  const { sealed: wrapped, keyId } = golden.find(({ wrapped }) => wrapped !== undefined)!
  t.equal(await code(hex(wrapped), new Envelope(new Keyring([{ id: keyId, key: hexKey(3) }]))), 'HOLDFAST_UNKNOWN_KEY')
})

t.test('all failures to authenticate look alike', async (t) => {
  const wrongKey = new Envelope(new Keyring([{ id: 'k1', key: hexKey(2) }]))
  const attempts: [Envelope, Uint8Array, Aad][] = [
    [envelope, flipped(sealed, 40), aad], [envelope, flipped(sealed, 37 * 8), aad],
    [envelope, flipped(sealed, 69 * 8), aad],
    [envelope, flipped(sealed, sealed.length * 8 - 1), aad], [envelope, sealed.subarray(0, MINIMUM), aad],
    [envelope, sealed, 'other'], [wrongKey, sealed, aad]
  ]
  const failures = []
  for (const [opener, bytes, bound] of attempts) failures.push(await failure(() => opener.open(bytes, bound)))
  for (const error of failures) {
    t.equal(error.code, 'HOLDFAST_SEAL_BROKEN')
    t.equal(error.retryable, false)
    t.strictSame(error.stack?.split('\n').slice(0, 5), failures[0]?.stack?.split('\n').slice(0, 5))
    t.strictSame({ ...error }, { ...failures[0] })
    t.notOk('cause' in error)
  }
})

t.test('text is refused unless it is written as sealText writes it', async (t) => {
  const text = await envelope.sealText(Buffer.from('12'), aad) // 87 bytes
  const longer = await envelope.sealText(Buffer.from('123'), aad) // 88 bytes: the last character has unused bits
  const last = longer.at(-1)!
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const malleable = longer.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1]
  t.strictSame(
    Buffer.from(malleable.slice(4), 'base64url'), Buffer.from(longer.slice(4), 'base64url'),
    'Node reads both as the same'
  )
  const others = [
    malleable, text + '=', text + '\n', ' ' + text, text.slice(4), text.replace('hf1.', 'HF1.'),
    text.replace('hf1.', 'hf2.'), text + '.', text.slice(0, 20) + ' ' + text.slice(20),
    '', 'hf1.', 'hf1', longer.slice(0, 60) + '+' + longer.slice(61), longer.slice(0, 60) + '/' + longer.slice(61),
    text + 'é', 'hf1.' + '\0'.repeat(120)
  ]
  for (const other of others) {
    const { code } = await failure(() => envelope.openText(other, aad))
    t.equal(code, 'HOLDFAST_SEAL_MALFORMED', JSON.stringify(other.slice(0, 8)))
    t.throws(() => envelope.keyId(other), { code })
    t.throws(() => envelope.isCurrent(other), { code })
  }
})
