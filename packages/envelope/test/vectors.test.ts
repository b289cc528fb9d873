import { createSecretKey } from 'node:crypto'
import t from 'tap'
import { decrypt, encrypt } from '../dist/aead.js'
import { expand, extract } from '../dist/hkdf.js'
import { hex } from './fixtures/golden.js'
import { ciphers, derivations } from './fixtures/published.js'

for (const { name, key, iv, plaintext, aad, ciphertext, tag } of ciphers) {
  t.test(`AES-256-GCM: ${name}`, async (t) => {
    const sealed = encrypt(hex(key), hex(iv), hex(plaintext), hex(aad))
    t.equal(sealed.ciphertext.toString('hex'), ciphertext)
    t.equal(sealed.tag.toString('hex'), tag)
    t.equal(decrypt(hex(key), hex(iv), hex(ciphertext), hex(tag), hex(aad))?.toString('hex'), plaintext)
    const wrongTag = hex(tag)
    wrongTag[15]! ^= 1
    t.equal(decrypt(hex(key), hex(iv), hex(ciphertext), wrongTag, hex(aad)), undefined)
    t.throws(
      () => decrypt(hex(key), hex(iv), hex(ciphertext), hex(tag).subarray(0, 4), hex(aad)),
      'a short tag is not even looked at'
    )
  })
}

for (const { name, key, salt, info, pseudorandom, output } of derivations) {
  t.test(`HKDF with SHA-256: ${name}`, async (t) => {
    t.equal(extract(hex(salt), hex(key)).export().toString('hex'), pseudorandom)
    t.equal(Buffer.concat(
      expand(createSecretKey(hex(pseudorandom)), hex(info), Math.ceil(output.length / 64))
    ).toString('hex').slice(0, output.length), output)
  })
}
