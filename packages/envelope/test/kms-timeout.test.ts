import t from 'tap'
import { Envelope, Keyring } from '../dist/index.js'
import { FakeKms } from './fixtures/kms.js'

t.test('a KMS that never answers is unavailable', async t => {
  const never = async (): Promise<never> => await new Promise(() => {})
  const ready = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(ready))
  const envelope = new Envelope(new Keyring([{ id: 'kms', timeout: 20, wrap: never, unwrap: never }]))
  await t.rejects(async () => await envelope.seal(Buffer.from('x'), []), {
    code: 'HOLDFAST_KMS_UNAVAILABLE', cause: /in time/
  })
  t.throws(() => new Keyring([{ id: 'kms', timeout: 0, wrap: never, unwrap: never }]))
})

t.test('with an infinite timeout, a slow KMS is waited for', async t => {
  const kms = Object.assign(new FakeKms('kms'), { timeout: Infinity })
  kms.gate = new Promise(resolve => { setTimeout(resolve, 20) })
  const envelope = new Envelope(new Keyring([kms]))
  t.strictSame(await envelope.open(await envelope.seal(Buffer.from('x'), []), []), Buffer.from('x'))
})

t.test('a data key that comes too late is wiped', async t => {
  const kms = new FakeKms('kms')
  const sealed = await new Envelope(new Keyring([kms])).seal(Buffer.from('x'), [])
  const there = kms.elsewhere()
  const dataKey = Buffer.from(there.dataKeys[0] as string, 'hex')
  let answer = (_dataKey: Uint8Array): void => {}
  const answered = new Promise<Uint8Array>(resolve => { answer = resolve })
  const slow = Object.assign(there, { timeout: 1, unwrap: async () => await answered })
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => { clearInterval(alive) })
  await t.rejects(async () => await new Envelope(new Keyring([slow])).open(sealed, []), {
    code: 'HOLDFAST_KMS_UNAVAILABLE'
  })
  t.notOk(dataKey.every(byte => byte === 0))
  answer(dataKey)
  await new Promise(setImmediate)
  t.ok(dataKey.every(byte => byte === 0))
})
