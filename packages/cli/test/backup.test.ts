import { existsSync, readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Sessions, sealed } from '@holdfast/core'
import { Envelope, Keyring } from '@holdfast/envelope'
import { sqlite } from '@holdfast/sqlite'
import { folder } from './fixtures/folder.js'
import { ADA } from './fixtures/furnished.js'
import { holdfast } from './fixtures/holdfast.js'
import { furnishedFile } from './fixtures/in-file.js'
import { start } from './fixtures/spawned.js'

t.test('a backup of a file in use serves its sessions, with the same keys', async (t) => {
  const { path, ids, sessions, env } = await furnishedFile(t)
  const dir = folder(t)
  const { HOLDFAST_KEYS, HOLDFAST_SQLITE } = env
  t.match(await start(['backup', join(dir, 'copy')], { HOLDFAST_SQLITE }).ended, {
    code: 0, out: /^copied \d[\d.]* KiB\n$/, err: ''
  }, 'it needs no keys')
  await sessions.create()
  t.equal(statSync(join(dir, 'copy')).mode & 0o777, 0o600)
  t.strictSame(readdirSync(dir), ['copy'])
  renameSync(join(dir, 'copy'), join(dir, 'sessions.db'))
  const doctor = ['doctor', '--sqlite', join(dir, 'sessions.db'), '--max-bytes', '67108864']
  t.match(await holdfast(doctor, { HOLDFAST_KEYS }), {
    code: 0, out: /ok +file integrity +whole, with 8 bodies[^]*ok +sessions +4 of 4/
  })
  const backend = sqlite({ path: join(dir, 'sessions.db') })
  t.teardown(async () => { await backend.close() })
  const keyring = new Keyring(HOLDFAST_KEYS)
  const restored = new Sessions({ backend, codec: sealed(new Envelope(keyring), keyring) })
  t.equal(await restored.count(), 4)
  t.match(await restored.get({ id: ids[0] as string, principal: ADA }), { state: { data: { note: 'SECRET' } } })
  t.ok(existsSync(path))
})

t.test('a target that exists is not replaced, and Redis is exported instead', async (t) => {
  const { path, env } = await furnishedFile(t)
  const target = join(folder(t), 'copy')
  t.match(await holdfast(['backup', target, '--json'], env), { code: 0, out: /^\{"bytes":\d+\}\n$/ })
  const { mtimeMs } = statSync(target)
  t.match(await holdfast(['backup', target], env), { code: 1, out: '', err: /The target of the backup exists/ })
  t.equal(statSync(target).mtimeMs, mtimeMs)
  t.match(await holdfast(['backup', path], env), { code: 1, err: /exists/ })
  t.match(await holdfast(['backup', join(target, 'x')], env), { code: 1, err: /its folder does not/ })
  t.match(await holdfast(['backup', 'x', '--redis', 'redis://127.0.0.1:1'], env), { code: 2, err: /use export/ })
  t.match(await holdfast(['backup', 'x'], {}), { code: 2, err: /HOLDFAST_SQLITE or REDIS_URL/ })
})
