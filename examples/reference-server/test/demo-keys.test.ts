import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Keyring } from '@holdfast/fastify'
import t from 'tap'
import { demoKeys } from '../dist/demo-keys.js'

t.test('keys are made once, and only their owner can read them', async t => {
  const folder = join(t.testdir({}), 'own')
  const path = join(folder, 'keys')
  const keys = await demoKeys(path)
  t.equal(new Keyring(keys).ids.length, 1)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.equal((await stat(folder)).mode & 0o777, 0o700)
  t.equal(await demoKeys(path), keys)
  t.equal(await readFile(path, 'utf8'), `${keys}\n`)
  t.strictSame(await readdir(folder), ['keys'], 'nothing else is left')
})

t.test('who starts at the same time gets the same keys', async t => {
  const path = join(t.testdir({}), 'own', 'keys')
  const all = await Promise.all(Array.from({ length: 20 }, async () => await demoKeys(path)))
  t.equal(new Set(all).size, 1)
  t.equal(new Keyring(all[0] as string).ids.length, 1)
})

t.test('a folder that cannot be used is an error, not other keys', async t => {
  const file = join(t.testdir({}), 'file')
  await writeFile(file, '')
  await t.rejects(demoKeys(join(file, 'keys')), { code: /ENOTDIR|EEXIST/ })
})

t.test('a link that leads nowhere is an error, and no key is left behind', async t => {
  const folder = t.testdir({ keys: t.fixture('symlink', './nowhere') })
  await t.rejects(demoKeys(join(folder, 'keys')), { code: 'ENOENT' })
  t.strictSame(await readdir(folder), ['keys'])
})
