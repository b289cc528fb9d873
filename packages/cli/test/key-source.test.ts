import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { generateKey } from '@holdfast/envelope'
import { RedisServer } from '@holdfast/real-redis'
import { folder } from './fixtures/folder.js'
import { furnished } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'

const server = await RedisServer.start(['--appendonly', 'yes'])
t.teardown(async () => { await server.stop() })
const { env: { HOLDFAST_KEYS = '', ...env } } = await furnished(t, server.url)
const dir = folder(t)

/** @returns the environment with a module of this source */
async function moduleOf (name: string, source: string): Promise<Record<string, string>> {
  const path = join(dir, name)
  await writeFile(path, source)
  return { ...env, HOLDFAST_KEYS_MODULE: path }
}

t.test('keys come from a module, as the plugin takes them', async t => {
  const sources = {
    'text.mjs': `export default '${HOLDFAST_KEYS}'`,
    'function.mjs': `export default async () => '${HOLDFAST_KEYS}'`,
    'keyring.mjs': `import { Keyring } from '${import.meta.resolve('@holdfast/envelope')}'\n` +
      `export default new Keyring('${HOLDFAST_KEYS}')`
  }
  for (const [name, source] of Object.entries(sources)) {
    t.match(await holdfast(['doctor'], await moduleOf(name, source)), { code: 0, out: /k1 seals[^]*4 of 4/ })
  }
})

t.test('keys of a KMS open what a server sealed with them, and are exchanged', async t => {
  // It wraps a data key by turning its bits. What a real one does with it is no concern of the command.
  const kms = `{
    id: 'kms-1',
    wrap: async dataKey => Buffer.from(dataKey.map(byte => ~byte)),
    unwrap: async wrapped => Buffer.from(wrapped.map(byte => ~byte))
  }`
  const key = HOLDFAST_KEYS.slice(HOLDFAST_KEYS.indexOf(':') + 1)
  const both = await moduleOf('both.mjs', `export default [${kms}, { id: 'k1', key: '${key}' }]`)
  t.match(await holdfast(['keys', 'rotate'], both), { code: 0 })
  t.match(await holdfast(['sessions', 'list'], both), { code: 0, out: /inspector/ })
  const alone = await moduleOf('alone.mjs', `export default ${kms}`)
  t.match(await holdfast(['doctor'], alone), { code: 0, out: /kms-1 seals[^]*4 of 4/ })
})

t.test('a KMS that does not answer is no wrong key', async t => {
  const away = 'async () => { throw new Error("away") }'
  const environment = await moduleOf('away.mjs', `export default { id: 'kms-1', wrap: ${away}, unwrap: ${away} }`)
  t.match(await holdfast(['sessions', 'list'], environment), { code: 1, out: '', err: /The KMS gave no key\..*away/ })
  t.match(await holdfast(['doctor'], environment), { code: 1, out: /failed +keys +The KMS gave no key/ })
})

t.test('a module that gives no keys, and two places of keys', async t => {
  const sources = [
    'syntax error', 'throw new Error()', 'export default undefined', 'export const keys = 1', "export default 'k1:x'"
  ]
  for (const [n, source] of sources.entries()) {
    t.match(await holdfast(['sessions', 'list'], await moduleOf(`${n}.mjs`, source)), {
      code: 1, out: '', err: /HOLDFAST_KEYS_MODULE gives no keys/
    })
  }
  t.match(await holdfast(['sessions', 'list'], { ...env, HOLDFAST_KEYS_MODULE: join(dir, 'none.mjs') }), { code: 1 })
  t.match(await holdfast(['sessions', 'list'], { ...env, HOLDFAST_KEYS: generateKey(), HOLDFAST_KEYS_MODULE: 'x' }), {
    code: 1, err: /both set/
  })
})
