import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { generateKey } from '@holdfast/fastify'
import t from 'tap'
import { demoKeys } from '../dist/demo-keys.js'
import { readEnvironment } from '../dist/environment.js'
import { withStorage } from '../dist/storage-defaults.js'

const PORT = '0'

t.test('where nothing is said, sessions live in a file, and its keys are in another folder', async t => {
  const folder = t.testdir({})
  const environment = await withStorage({ PORT }, folder)
  t.strictSame(environment, {
    PORT,
    HOLDFAST_BACKEND: 'sqlite',
    HOLDFAST_SQLITE: join(folder, 'sessions', 'sessions.db'),
    HOLDFAST_KEYS: await demoKeys(join(folder, 'keys'))
  })
  t.match(readEnvironment(environment).storage, { backend: 'sqlite' })
})

t.test('what is said holds', async t => {
  const folder = t.testdir({})
  const HOLDFAST_SQLITE = './own/sessions.db'
  const HOLDFAST_KEYS = generateKey()
  t.match(await withStorage({ HOLDFAST_SQLITE, HOLDFAST_KEYS }, folder), { HOLDFAST_SQLITE, HOLDFAST_KEYS })
  const unsealed = await withStorage({ HOLDFAST_ENCRYPTION: 'none' }, folder)
  t.notOk('HOLDFAST_KEYS' in unsealed)
  t.match(readEnvironment(unsealed).options, { encryption: 'none' })
  for (const HOLDFAST_BACKEND of ['memory', 'redis', 'floppy', '']) {
    t.strictSame(await withStorage({ HOLDFAST_BACKEND }, folder), { HOLDFAST_BACKEND })
  }
  t.notOk(existsSync(join(folder, 'keys')), 'no keys are made that nobody needs')
})

t.test('in production nothing is made, and what is missing is named', async t => {
  const folder = t.testdir({})
  const NODE_ENV = 'production'
  const environment = await withStorage({ NODE_ENV }, folder)
  t.throws(() => readEnvironment(environment), {
    message: 'HOLDFAST_SQLITE: is needed for HOLDFAST_BACKEND=sqlite\n' +
      'HOLDFAST_BACKEND: what is in the file is sealed, so it needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none'
  })
  t.notOk(existsSync(join(folder, 'keys')))
  const named = await withStorage({ NODE_ENV, HOLDFAST_SQLITE: './sessions.db', HOLDFAST_KEYS: generateKey() }, folder)
  t.match(readEnvironment(named).storage, { backend: 'sqlite', sqlite: { path: './sessions.db' } })
})
