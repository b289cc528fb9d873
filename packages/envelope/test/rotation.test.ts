import t from 'tap'
import { Envelope, Keyring, type KeySpec } from '../dist/index.js'
import { hexKey } from './fixtures/keys.js'

const old: KeySpec = { id: 'old', key: hexKey(1) }
const fresh: KeySpec = { id: 'new', key: hexKey(2) }
const plaintext = Buffer.from('state')

t.test('two replicas that go through the three phases one after the other always understand each other', async (t) => {
  const phases: KeySpec[][] = [
    [old],
    [{ ...old, state: 'active' }, { ...fresh, state: 'decrypt-only' }],
    [{ ...fresh, state: 'active' }, { ...old, state: 'decrypt-only' }],
    [fresh]
  ]
  const rings = [new Keyring(phases[0]!), new Keyring(phases[0]!)] as const
  const replicas = rings.map(ring => new Envelope(ring)) as [Envelope, Envelope]
  let stored = await replicas[0].seal(plaintext, 'a')
  async function bothOpen (): Promise<void> {
    for (const sealer of replicas) {
      for (const opener of replicas) t.strictSame(await opener.open(await sealer.seal(plaintext, 'a'), 'a'), plaintext)
      t.strictSame(await sealer.open(stored, 'a'), plaintext)
    }
  }
  for (const [number, phase] of phases.entries()) {
    for (const ring of rings) {
      ring.replace(phase)
      await bothOpen()
    }
    if (number === 2) {
      t.notOk(replicas[0].isCurrent(stored))
      stored = await replicas[0].seal(await replicas[0].open(stored, 'a'), 'a')
    }
  }
  t.ok(replicas[1].isCurrent(stored))
})

t.test('a replacement that is wrong changes nothing', async (t) => {
  const ring = new Keyring([old])
  const sealed = await new Envelope(ring).seal(plaintext, 'a')
  for (const keys of ['', [fresh, fresh], [{ ...fresh, state: 'revoked' as const }]]) {
    t.throws(() => ring.replace(keys), { code: 'HOLDFAST_INVALID_KEY' })
  }
  t.strictSame(ring.ids, [{ id: 'old', state: 'active' }])
  t.strictSame(await new Envelope(ring).open(sealed, 'a'), plaintext)
})

t.test('a key that was dropped too early can be added again', async (t) => {
  const ring = new Keyring([old])
  const envelope = new Envelope(ring)
  const sealed = await envelope.seal(plaintext, 'a')
  ring.replace([fresh])
  t.throws(() => envelope.open(sealed, 'a'), { code: 'HOLDFAST_UNKNOWN_KEY', retryable: true })
  ring.replace([fresh, { ...old, state: 'revoked' }])
  t.throws(() => envelope.open(sealed, 'a'), { code: 'HOLDFAST_REVOKED_KEY', retryable: false })
  ring.replace([fresh, old])
  t.strictSame(await envelope.open(sealed, 'a'), plaintext)
})

t.test('a key can be dropped alone, unless it seals', async (t) => {
  const ring = new Keyring([old])
  const envelope = new Envelope(ring)
  const sealed = await envelope.seal(plaintext, 'a')
  t.throws(() => ring.drop('old'), { name: 'InvalidKeyError', path: 'id', code: 'HOLDFAST_INVALID_KEY' })
  ring.replace([fresh, old])
  ring.drop('no such key')
  t.strictSame(envelope.open(sealed, 'a'), plaintext)
  ring.drop('old')
  t.strictSame(ring.ids, [{ id: 'new', state: 'active' }])
  t.throws(() => envelope.open(sealed, 'a'), { code: 'HOLDFAST_UNKNOWN_KEY' })
})
