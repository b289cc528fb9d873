import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Keyring } from '@holdfast/fastify'
import t from 'tap'
import { demoKeys } from '../dist/demo-keys.js'

t.test('keys are made once, and only their owner can read them', async t => {
  const folder = join(t.testdir({}), 'own')
  const path = join(folder, 'keys')
  const first = await demoKeys(path)
  t.equal(first.generated, true)
  t.equal(new Keyring(first.keys).ids.length, 1)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.equal((await stat(folder)).mode & 0o777, 0o700)
  t.strictSame(await demoKeys(path), { keys: first.keys, generated: false })
  t.match(await readFile(path, 'utf8'), first.keys)
})

t.test('a folder that cannot be used is an error, not other keys', async t => {
  const file = join(t.testdir({}), 'file')
  await writeFile(file, '')
  await t.rejects(demoKeys(join(file, 'keys')), { code: /ENOTDIR|EEXIST/ })
})
