import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { syncFolder } from '@holdfast/core'

t.test('a folder is synced, except on Windows, which cannot', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-core-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  await syncFolder(folder)
  await t.rejects(syncFolder(join(folder, 'missing')), { code: 'ENOENT' })
  await syncFolder(join(folder, 'missing'), 'win32')
})
