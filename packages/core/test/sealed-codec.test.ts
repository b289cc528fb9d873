import t from 'tap'
import { Envelope, Keyring, generateKey } from '@holdfast/envelope'
import { type Place, sealed } from '../dist/index.js'

const PLACE: Place = { namespace: 'mcp', kind: 'session', key: 'a' }
const bytes = Buffer.from('state')

function codec (...keys: string[]) {
  const keyring = new Keyring(keys.join())
  return sealed(new Envelope(keyring), keyring)
}

t.test('what is sealed opens at its place, and only there', async (t) => {
  const one = codec(generateKey('k1'))
  const body = await one.seal(bytes, PLACE)
  t.equal(String(await one.open(body, PLACE)), 'state')
  for (const other of [{ namespace: 'b' }, { kind: 'event' as const }, { key: 'b' }]) {
    t.throws(() => one.open(body, { ...PLACE, ...other }), { code: 'HOLDFAST_SEAL_BROKEN' })
  }
})

t.test('a key that is not here may come back, one that is revoked never does', async (t) => {
  const [first, second] = [generateKey('k1'), generateKey('k2')]
  const body = await codec(first).seal(bytes, PLACE)
  const both = codec(second, first)
  t.equal(both.keys?.active, 'k2')
  t.equal(both.keys?.of(body), 'k1')
  t.equal(both.keys?.of(bytes), undefined, 'not sealed')
  t.equal(String(await both.open(body, PLACE)), 'state')
  both.keys?.drop('k1')
  t.throws(() => both.open(body, PLACE), { code: 'HOLDFAST_KEY_UNAVAILABLE' })
  t.throws(() => codec(second, `${first}:revoked`).open(body, PLACE), { code: 'HOLDFAST_INVALID_STATE' })
})

t.test('a key service that is down is a key that is not here', async (t) => {
  const keyring = new Keyring({
    id: 'kms',
    wrap: async () => { throw new Error('down') },
    unwrap: async () => undefined
  })
  await t.rejects(
    async () => await sealed(new Envelope(keyring), keyring).seal(bytes, PLACE), { code: 'HOLDFAST_KEY_UNAVAILABLE' }
  )
})
