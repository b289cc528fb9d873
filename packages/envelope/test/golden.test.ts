import t from 'tap'
import { encodeAad } from '../dist/encode-aad.js'
import { Envelope, Keyring } from '../dist/index.js'
import { writePrefix } from '../dist/layout.js'
import { pseudorandomKey, sealMessage } from '../dist/message.js'
import { golden, hex, type Golden } from './fixtures/golden.js'
import * as independent from './fixtures/independent.js'

function envelopeFor ({ keyId, key, wrapped }: Golden): Envelope {
  return new Envelope(new Keyring(wrapped === undefined
    ? [{ id: keyId, key }]
    : {
        id: keyId,
        wrap: async () => hex(wrapped),
        unwrap: async asked => hex(wrapped).equals(asked) ? hex(key) : undefined
      }))
}

for (const vector of golden) {
  const { keyId, aad, text } = vector
  const [key, messageId, plaintext, sealed] = [vector.key, vector.messageId, vector.plaintext, vector.sealed].map(
    hex
  ) as [Buffer, Buffer, Buffer, Buffer]
  const wrapped = vector.wrapped === undefined ? undefined : hex(vector.wrapped)

  t.test(`the golden vector "${vector.name}"`, async (t) => {
    const envelope = envelopeFor(vector)
    t.strictSame(await envelope.open(sealed, aad), plaintext, 'opens')
    t.strictSame(await envelope.openText(text, aad), plaintext, 'opens from text')
    t.equal(envelope.keyId(text), keyId)
    const root = { prefix: writePrefix(keyId, wrapped), pseudorandom: pseudorandomKey(key) }
    t.strictSame(sealMessage(root, messageId, plaintext, encodeAad(aad)), sealed, 'is what sealing yields')
  })

  t.test(`the layout of the README yields and opens "${vector.name}"`, async (t) => {
    t.strictSame(independent.seal({ keyId, key, wrapped, messageId, plaintext, aad }), sealed)
    t.strictSame(independent.open(sealed, key, aad), plaintext)
  })
}
