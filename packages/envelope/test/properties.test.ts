import fc from 'fast-check'
import t from 'tap'
import { Envelope, Keyring } from '../dist/index.js'
import { failure } from './fixtures/failure.js'
import { hexKey } from './fixtures/keys.js'
import * as independent from './fixtures/independent.js'

const key = Buffer.from(hexKey(1), 'hex')
const envelope = new Envelope(new Keyring([{ id: 'k1', key }]))
const bytes = fc.uint8Array({ maxLength: 300 })
const part = fc.string({ unit: 'binary', maxLength: 12 })
const parts = fc.array(part, { maxLength: 5 })

async function holds (property: fc.IAsyncProperty<unknown>): Promise<void> {
  await fc.assert(property, { numRuns: 300 })
}

t.test('sealed bytes open to the same bytes, as bytes, as text and with the independent implementation', async () => {
  await holds(fc.asyncProperty(bytes, parts, async (plaintext, aad) => {
    const sealed = Buffer.from(await envelope.seal(plaintext, aad))
    const opened = [
      await envelope.open(sealed, aad), await envelope.openText(await envelope.sealText(plaintext, aad), aad),
      independent.open(sealed, key, aad)
    ]
    return opened.every(one => Buffer.compare(one, plaintext) === 0)
  }))
})

t.test('bytes sealed by the independent implementation open', async () => {
  const ids = fc.uint8Array({ minLength: 32, maxLength: 32 })
  await holds(fc.asyncProperty(bytes, parts, ids, async (plaintext, aad, messageId) => {
    const sealed = independent.seal({ keyId: 'k1', key, messageId, plaintext, aad })
    return Buffer.compare(await envelope.open(sealed, aad), plaintext) === 0
  }))
})

t.test('any change is refused', async () => {
  const change = fc.tuple(fc.nat(), fc.nat(20), fc.uint8Array({ maxLength: 20 }))
  await holds(fc.asyncProperty(bytes, parts, change, async (plaintext, aad, [at, removed, inserted]) => {
    const sealed = Buffer.from(await envelope.seal(plaintext, aad))
    const start = at % sealed.length
    const changed = Buffer.concat([sealed.subarray(0, start), inserted, sealed.subarray(start + removed)])
    fc.pre(!changed.equals(sealed))
    const { code } = await failure(() => envelope.open(changed, aad))
    return ['HOLDFAST_SEAL_BROKEN', 'HOLDFAST_SEAL_MALFORMED', 'HOLDFAST_UNKNOWN_KEY'].includes(code)
  }))
})

t.test('any bytes at all are refused with a code', async () => {
  const begun = bytes.map(rest => Buffer.concat([Buffer.of(1, 1, 2), Buffer.from('k1'), rest]))
  await holds(fc.asyncProperty(
    fc.oneof(bytes, begun), parts,
    async (noise, aad) => (await failure(() => envelope.open(noise, aad))).code.startsWith('HOLDFAST_')
  ))
})

t.test('two different AADs are never the same', async () => {
  await holds(fc.asyncProperty(parts, parts, fc.nat(), async (aad, other, cut) => {
    const whole = other.join('')
    const glued = [whole.slice(0, cut % (whole.length + 1)), whole.slice(cut % (whole.length + 1))].filter(
      text => !/\p{Surrogate}/u.test(text)
    )
    const sealed = await envelope.seal(new Uint8Array(3), other)
    for (const wrong of [aad, glued, [...other, ''], [whole]]) {
      if (JSON.stringify(wrong) !== JSON.stringify(other)) await failure(() => envelope.open(sealed, wrong))
    }
  }))
})

t.test('there is one text for what is sealed', async () => {
  const few = fc.string({ unit: 'binary', maxLength: 3 })
  await holds(fc.asyncProperty(bytes, fc.nat(), few, async (plaintext, at, inserted) => {
    const text = await envelope.sealText(plaintext, 'a')
    const start = at % (text.length + 1)
    for (const changed of [
      text.slice(0, start) + inserted + text.slice(start),
      text.slice(0, start) + inserted + text.slice(start + inserted.length)
    ]) {
      if (changed !== text) await failure(() => envelope.openText(changed, 'a'))
    }
  }))
})
