import t from 'tap'
import { Envelope, EnvelopeError, Keyring } from '../dist/index.js'
import { failure } from './fixtures/failure.js'
import { FakeKms } from './fixtures/kms.js'
import { hexKey } from './fixtures/keys.js'

const plaintext = Buffer.from('state')
const HOUR = 3_600_000

/** An envelope whose one key is in a KMS, and its clock. */
function withKms (
  kms = new FakeKms('kms')
): { kms: FakeKms, clock: { now: number }, keyring: Keyring, envelope: Envelope } {
  const clock = { now: 0 }
  const keyring = new Keyring(kms, { now: () => clock.now })
  return { kms, clock, keyring, envelope: new Envelope(keyring) }
}

/** A promise and what settles it. */
function gate (): { closed: Promise<void>, open: () => void } {
  let open = (): void => {}
  const closed = new Promise<void>(resolve => { open = resolve })
  return { closed, open }
}

t.test('the first message waits for a data key; those after it do not', async (t) => {
  const { kms, envelope } = withKms()
  const first = envelope.seal(plaintext, 'a')
  t.ok(first instanceof Promise)
  const second = envelope.seal(plaintext, 'a')
  t.strictSame(envelope.open(await first, 'a'), plaintext, 'what was sealed here opens here without the KMS')
  t.strictSame(envelope.open(await second, 'a'), plaintext)
  t.ok(envelope.seal(plaintext, 'a') instanceof Uint8Array)
  t.match(envelope.sealText(plaintext, 'a'), /^hf1\./)
  t.match([kms.wraps, kms.unwraps], [1, 0])
})

t.test('text waits for the data key as bytes do', async (t) => {
  const { kms, envelope } = withKms()
  const text = await envelope.sealText(plaintext, 'a')
  t.match(text, /^hf1\./)
  t.equal(envelope.keyId(text), 'kms')
  const { envelope: other } = withKms(kms.elsewhere())
  const opened = other.openText(text, 'a')
  t.ok(opened instanceof Promise)
  t.strictSame(await opened, plaintext)
})

t.test('another process asks once for what many want at the same time, then knows it', async (t) => {
  const { kms, envelope } = withKms()
  const sealed = [await envelope.seal(plaintext, 'a'), await envelope.seal(plaintext, 'b')] as const
  const { kms: there, clock, envelope: other } = withKms(kms.elsewhere())
  t.strictSame(
    await Promise.all([other.open(sealed[0], 'a'), other.open(sealed[1], 'b'), other.open(sealed[0], 'a')]),
    [plaintext, plaintext, plaintext]
  )
  t.equal(there.unwraps, 1)
  clock.now = HOUR - 1
  t.strictSame(other.open(sealed[0], 'a'), plaintext)
  clock.now = HOUR
  t.strictSame(await other.open(sealed[0], 'a'), plaintext)
  t.equal(there.unwraps, 2)
})

t.test('a data key seals so many messages and no more', async (t) => {
  const { kms, envelope } = withKms(new FakeKms('kms', { maxUses: 3 }))
  await Promise.all(Array.from({ length: 10 }, () => envelope.seal(plaintext, 'a')))
  t.equal(kms.wraps, 4)
  const once = withKms(new FakeKms('kms', { maxUses: 1 }))
  for (let i = 0; i < 5; i++) await once.envelope.seal(plaintext, 'a')
  t.ok(once.kms.wraps >= 5)
})

t.test('a data key is replaced early by time, while it still serves', async (t) => {
  const { kms, clock, envelope } = withKms()
  const first = await envelope.seal(plaintext, 'a')
  clock.now = HOUR * 0.8 - 1
  await envelope.seal(plaintext, 'a')
  t.equal(kms.wraps, 1)
  clock.now = HOUR * 0.8
  const { closed, open } = gate()
  kms.gate = closed
  const old = envelope.seal(plaintext, 'a')
  t.ok(old instanceof Uint8Array, 'nobody waits')
  t.ok(envelope.seal(plaintext, 'a') instanceof Uint8Array)
  t.equal(kms.wraps, 2, 'asked once')
  open()
  await closed
  await new Promise(setImmediate)
  clock.now = HOUR * 1.5
  const fresh = envelope.seal(plaintext, 'a')
  t.ok(fresh instanceof Uint8Array, 'the next one is there when the first has run out')
  t.notSame((fresh as Uint8Array).subarray(8, 48), first.subarray(8, 48))
  t.equal(kms.wraps, 2)
})

t.test('a data key is replaced early by use', async (t) => {
  const { kms, envelope } = withKms(new FakeKms('kms', { maxUses: 10 }))
  for (let i = 0; i < 7; i++) await envelope.seal(plaintext, 'a')
  t.equal(kms.wraps, 1)
  t.ok(envelope.seal(plaintext, 'a') instanceof Uint8Array)
  t.equal(kms.wraps, 2)
})

t.test('while the KMS is down, a data key serves until its limits, and what fails is retryable', async (t) => {
  const { kms, clock, envelope } = withKms()
  const sealed = await envelope.seal(plaintext, 'a')
  const warnings = t.capture(process, 'emitWarning')
  kms.down = new Error('connection refused')
  for (const [time, attempts] of [[0.8, 1], [0.8, 1], [0.9, 2]] as const) {
    clock.now = HOUR * time
    t.ok(envelope.seal(plaintext, 'a') instanceof Uint8Array)
    await new Promise(setImmediate)
    t.equal(kms.wraps, 1 + attempts, 'does not ask at every message')
  }
  t.match(warnings().map(({ args }) => args), [[/data key/, { code: 'HOLDFAST_KMS_UNAVAILABLE' }], [/data key/]])
  clock.now = HOUR
  for (const action of [() => envelope.seal(plaintext, 'a'), () => envelope.open(sealed, 'a')]) {
    const error = await failure(action)
    t.match(error, { code: 'HOLDFAST_KMS_UNAVAILABLE', retryable: true, cause: kms.down })
  }
  kms.down = undefined
  t.strictSame(await envelope.open(await envelope.seal(plaintext, 'a'), 'a'), plaintext)
  t.strictSame(await envelope.open(sealed, 'a'), plaintext)
})

t.test('with no data key and no KMS nothing is sealed', async (t) => {
  const { kms, envelope } = withKms()
  kms.down = new Error('down')
  const results = await Promise.allSettled([
    envelope.seal(plaintext, 'a'), envelope.seal(plaintext, 'a'), envelope.sealText(plaintext, 'a')
  ])
  for (const result of results) t.match(result, { status: 'rejected', reason: { code: 'HOLDFAST_KMS_UNAVAILABLE' } })
  t.equal(kms.wraps, 1)
})

t.test('a KMS that throws instead of rejecting is unavailable too', async (t) => {
  const cause = new Error('not configured')
  const fail = (): never => { throw cause }
  const envelope = new Envelope(new Keyring({ id: 'kms', wrap: fail, unwrap: fail }))
  t.match(await failure(() => envelope.seal(plaintext, 'a')), { code: 'HOLDFAST_KMS_UNAVAILABLE', cause })
})

t.test('a KMS that answers nonsense is unavailable', async (t) => {
  const { kms, envelope } = withKms()
  const sealed = await envelope.seal(plaintext, 'a')
  for (const answer of [Buffer.alloc(0), Buffer.alloc(65_536), 'canary', null, undefined]) {
    const sealer = new Envelope(new Keyring({
      id: 'kms', wrap: async () => answer as Uint8Array, unwrap: async () => undefined
    }))
    t.match(await failure(() => sealer.seal(plaintext, 'a')), {
      code: 'HOLDFAST_KMS_UNAVAILABLE', cause: { message: 'wrap: expected 1 to 65535 bytes' }
    })
  }
  for (const answer of [Buffer.alloc(31, 1), Buffer.alloc(33, 1), Buffer.alloc(32), 'canary', null]) {
    const opener = new Envelope(new Keyring({
      id: 'kms', wrap: async () => Buffer.of(1), unwrap: async () => answer as Uint8Array
    }))
    t.match(await failure(() => opener.open(sealed, 'a')), {
      code: 'HOLDFAST_KMS_UNAVAILABLE', cause: { message: 'unwrap: expected 32 bytes, not all zero' }
    })
  }
  t.equal(kms.unwraps, 0)
})

t.test('the longest wrapped key fits', async (t) => {
  let dataKey = Buffer.alloc(0)
  const wrapped = Buffer.alloc(65_535, 'w')
  const provider = {
    id: 'kms',
    wrap: async (key: Uint8Array) => { dataKey = Buffer.from(key); return wrapped },
    unwrap: async () => dataKey
  }
  const sealed = await new Envelope(new Keyring(provider)).seal(plaintext, 'a')
  t.strictSame(await new Envelope(new Keyring(provider)).open(sealed, 'a'), plaintext)
})

t.test('a wrapped key that the KMS disowns is a broken seal, and is asked for again', async (t) => {
  const { envelope } = withKms()
  const sealed = await envelope.seal(plaintext, 'a')
  const { kms: stranger, envelope: other } = withKms()
  for (const unwraps of [1, 2]) {
    t.equal((await failure(() => other.open(sealed, 'a'))).code, 'HOLDFAST_SEAL_BROKEN')
    t.equal(stranger.unwraps, unwraps)
  }
})

t.test('data keys are wiped when the KMS has answered', async (t) => {
  const seen: Uint8Array[] = []
  const answer = Buffer.from(hexKey(1), 'hex')
  const provider = {
    id: 'kms',
    wrap: async (dataKey: Uint8Array) => { seen.push(dataKey); return Buffer.of(1) },
    unwrap: async () => answer
  }
  const sealed = await new Envelope(new Keyring(provider)).seal(plaintext, 'a')
  t.equal((await failure(() => new Envelope(new Keyring(provider)).open(sealed, 'a'))).code, 'HOLDFAST_SEAL_BROKEN')
  t.strictSame([...seen[0]!, ...answer], Array(64).fill(0))
})

t.test('a bounded number of unwrapped keys is remembered, those that were used last', async (t) => {
  const { kms, envelope: sealer } = withKms(new FakeKms('kms', { maxUses: 1 }))
  const sealed: Uint8Array[] = []
  for (let i = 0; i < 1_001; i++) sealed.push(await sealer.seal(plaintext, 'a'))
  const distinct = [...new Map(
    sealed.map(bytes => [Buffer.from(bytes.subarray(8, 48)).toString('hex'), bytes])
  ).values()]
  t.equal(distinct.length, 1_001)
  const { kms: there, envelope } = withKms(kms.elsewhere())
  for (const bytes of distinct.slice(0, 1_000)) await envelope.open(bytes, 'a')
  t.ok(envelope.open(distinct[0]!, 'a') instanceof Uint8Array)
  await envelope.open(distinct[1_000]!, 'a')
  t.equal(there.unwraps, 1_001)
  t.ok(envelope.open(distinct[0]!, 'a') instanceof Uint8Array, 'used lately')
  t.ok(envelope.open(distinct[1]!, 'a') instanceof Promise, 'made room')
})

t.test('keys in a KMS and in this process are on one ring', async (t) => {
  const kms = new FakeKms('kms', { state: 'active' })
  const local = { id: 'local', key: hexKey(1) }
  const before = await new Envelope(new Keyring([local])).seal(plaintext, 'a')
  const keyring = new Keyring([kms, local])
  const envelope = new Envelope(keyring)
  t.strictSame(keyring.ids, [{ id: 'kms', state: 'active' }, { id: 'local', state: 'decrypt-only' }])
  t.strictSame(envelope.open(before, 'a'), plaintext)
  t.notOk(envelope.isCurrent(before))
  t.ok(envelope.isCurrent(await envelope.seal(plaintext, 'a')))
})

t.test('a provider that stays on the ring keeps its data keys; another one of its id has its own', async (t) => {
  const { kms, keyring, envelope } = withKms()
  await envelope.seal(plaintext, 'a')
  keyring.replace([kms, { id: 'local', key: hexKey(1) }])
  t.ok(envelope.seal(plaintext, 'a') instanceof Uint8Array)
  keyring.replace(new FakeKms('kms'))
  t.ok(envelope.seal(plaintext, 'a') instanceof Promise)
  keyring.replace([{ id: 'kms', key: hexKey(1) }])
  keyring.replace(kms)
  t.ok(envelope.seal(plaintext, 'a') instanceof Promise)
})

t.test('keys that are replaced while the KMS is asked count', async (t) => {
  const { kms, keyring, envelope } = withKms()
  const before = await envelope.seal(plaintext, 'a')
  const local = { id: 'local', key: hexKey(1) }
  const { kms: there, keyring: otherRing, envelope: other } = withKms(kms.elsewhere())
  const { closed, open } = gate()
  there.gate = closed
  const sealing = other.seal(plaintext, 'a')
  const opening = other.open(before, 'a')
  otherRing.replace([local, there])
  open()
  t.equal(other.keyId(await sealing), 'local')
  t.strictSame(await opening, plaintext)

  const next = gate()
  const { kms: third, keyring: thirdRing, envelope: thirdEnvelope } = withKms(kms.elsewhere())
  third.gate = next.closed
  const revoked = thirdEnvelope.open(before, 'a') as Promise<Uint8Array>
  const replaced = thirdEnvelope.open(before, 'b') as Promise<Uint8Array>
  thirdRing.replace([local, Object.assign(third, { state: 'revoked' })])
  next.open()
  t.match(await Promise.allSettled([revoked, replaced]), [
    { reason: { code: 'HOLDFAST_REVOKED_KEY' } }, { reason: { code: 'HOLDFAST_REVOKED_KEY' } }
  ])

  const last = gate()
  const { kms: fourth, keyring: fourthRing, envelope: fourthEnvelope } = withKms(kms.elsewhere())
  fourth.gate = last.closed
  const again = fourthEnvelope.open(before, 'a')
  fourthRing.replace(kms.elsewhere())
  last.open()
  t.strictSame(await again, plaintext, 'the new provider is asked')
  t.equal(keyring.active, 'kms')
})

t.test('by default the clock is monotonic and a data key serves', async (t) => {
  const envelope = new Envelope(new Keyring(new FakeKms('kms')))
  await envelope.seal(plaintext, 'a')
  t.ok(envelope.seal(plaintext, 'a') instanceof Uint8Array)
  t.ok(new EnvelopeError('HOLDFAST_KMS_UNAVAILABLE').retryable)
})
