import t from 'tap'
import { type Aad, Envelope, generateKey, Keyring } from '../dist/index.js'
import { newMessageId } from '../dist/message-id.js'

const envelope = new Envelope(new Keyring(`${generateKey('new')},${generateKey('old')}`))
const plaintext = Buffer.from('state of a session')

t.test('what is sealed opens, at once, as bytes and as text', async (t) => {
  const sealed = envelope.seal(plaintext, 'a') as Uint8Array
  t.strictSame(envelope.open(sealed, 'a'), plaintext)
  t.notOk(Buffer.from(sealed).includes(plaintext))
  const text = envelope.sealText(plaintext, 'a') as string
  t.match(text, /^hf1\.[\w-]+$/)
  t.strictSame(envelope.openText(text, 'a'), plaintext)
})

t.test('what it adds is small', async (t) => {
  const longest = new Envelope(new Keyring(generateKey('x'.repeat(16))))
  t.equal((longest.seal(plaintext, 'a') as Uint8Array).length - plaintext.length, 99)
  t.equal((envelope.seal(Buffer.alloc(0), 'a') as Uint8Array).length, 83 + 'new'.length)
})

t.test('sealing twice gives different bytes', async (t) => {
  t.notSame(envelope.seal(plaintext, 'a'), envelope.seal(plaintext, 'a'))
})

t.test('message ids do not repeat, also when the pool is filled again', async (t) => {
  const ids = Array.from({ length: 1_000 }, () => newMessageId().toString('hex'))
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.every(id => id.length === 64 && id !== '0'.repeat(64)))
})

t.test('any view of bytes can be sealed and opened', async (t) => {
  const wide = Uint8Array.from([1, 2, 3, 4, 5])
  const sealed = envelope.seal(wide.subarray(1, 4), new Uint8Array([7])) as Uint8Array
  const within = new Uint8Array(sealed.length + 20)
  within.set(sealed, 10)
  t.strictSame([...await envelope.open(within.subarray(10, 10 + sealed.length), new Uint8Array([7]))], [2, 3, 4])
})

t.test('something sealed says which key it needs', async (t) => {
  const sealed = await envelope.seal(plaintext, 'a')
  t.equal(envelope.keyId(sealed), 'new')
  t.ok(envelope.isCurrent(sealed))
  t.ok(envelope.isCurrent(await envelope.sealText(plaintext, 'a')))
})

t.test('an AAD is a list of parts', async (t) => {
  const same: [Aad, Aad][] = [['a', ['a']], ['ü', Buffer.from('ü')], [['a', 'b'], [Buffer.from('a'), 'b']], [[], []]]
  for (const [sealing, opening] of same) {
    t.strictSame(await envelope.open(await envelope.seal(plaintext, sealing), opening), plaintext)
  }
})

t.test('wrong types are refused at once, and are not shown', async (t) => {
  const sealed = await envelope.seal(plaintext, 'a')
  const wrong = (value: unknown): never => value as never
  for (const bytes of ['canary', new Uint16Array(4), new ArrayBuffer(8), null, undefined, ['canary']]) {
    t.throws(() => envelope.seal(wrong(bytes), 'a'), new TypeError('plaintext: expected a Uint8Array'))
    t.throws(() => envelope.open(wrong(bytes), 'a'), new TypeError('sealed: expected a Uint8Array'))
  }
  for (const aad of [undefined, null, 1, ['a', undefined], [['a']], {}]) {
    t.throws(() => envelope.seal(plaintext, wrong(aad)), new TypeError('aad: expected a Uint8Array'))
    t.throws(() => envelope.open(sealed, wrong(aad)), new TypeError('aad: expected a Uint8Array'))
  }
  t.throws(() => envelope.openText(wrong(sealed), 'a'), new TypeError('sealed: expected a string'))
  t.throws(() => envelope.keyId(wrong(1)), new TypeError('sealed: expected a Uint8Array'))
})

t.test('texts that would be the same bytes are refused as AAD', async (t) => {
  for (const text of ['\ud800', 'a\udc00b', '\udc00\ud800']) {
    t.throws(() => envelope.seal(plaintext, text), new TypeError('aad: expected well-formed text'))
    t.throws(() => envelope.seal(plaintext, ['a', text]), new TypeError('aad: expected well-formed text'))
  }
  t.strictSame(await envelope.open(await envelope.seal(plaintext, '😀'), '😀'), plaintext)
})
