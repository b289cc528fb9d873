import t from 'tap'
import { Envelope, Keyring } from '../src/index.js'

t.test('a KMS that never answers is one that is away', async t => {
  const never = async (): Promise<never> => await new Promise(() => {})
  const ready = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(ready))
  const envelope = new Envelope(new Keyring([{ id: 'kms', timeout: 20, wrap: never, unwrap: never }]))
  await t.rejects(async () => await envelope.seal(Buffer.from('x'), []), { code: 'HOLDFAST_KMS_UNAVAILABLE', cause: /in time/ })
  t.throws(() => new Keyring([{ id: 'kms', timeout: 0, wrap: never, unwrap: never }]))
})
