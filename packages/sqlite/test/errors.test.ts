import { readFileSync } from 'node:fs'
import t from 'tap'
import { HoldfastError } from '@holdfast/core'
import { translate } from '../dist/errors.js'
import { SQLITE_ERRORS, SqliteError } from '../dist/index.js'

t.test('each failure has its code, and never the text of SQLite', async (t) => {
  const secret = 'INSERT INTO records VALUES (secret)'
  const cases: Array<[object, string]> = [
    [{ errcode: 5 }, 'SQLITE_BUSY'], [{ errcode: 261 }, 'SQLITE_BUSY'], [{ errcode: 13 }, 'HOLDFAST_BACKEND_FULL'],
    [{ errcode: 11 }, 'SQLITE_DAMAGED'], [{ errcode: 26 }, 'SQLITE_DAMAGED'], [{ errcode: 266 }, 'SQLITE_IO'],
    [{ errcode: 8 }, 'SQLITE_UNWRITABLE'], [{ errcode: 14 }, 'SQLITE_UNWRITABLE'], [{ errcode: 1 }, 'SQLITE_FAILED'],
    [{ code: 'ENOSPC' }, 'HOLDFAST_BACKEND_FULL'], [{ code: 'EDQUOT' }, 'HOLDFAST_BACKEND_FULL'],
    [{ code: 'EACCES' }, 'SQLITE_UNWRITABLE'], [{ code: 'EROFS' }, 'SQLITE_UNWRITABLE'], [{ code: 'EIO' }, 'SQLITE_IO'],
    [{ code: 'ERR_INVALID_STATE' }, 'SQLITE_FAILED'], [{}, 'SQLITE_FAILED']
  ]
  for (const [given, code] of cases) {
    const error = translate(Object.assign(new Error(secret), given))
    t.equal(error.code, code)
    t.notMatch(`${error.message} ${error.stack} ${String(error.cause)}`, 'secret')
  }
})

t.test('errors of ours stay', async (t) => {
  for (const error of [new SqliteError('SQLITE_BUSY'), new HoldfastError('HOLDFAST_CLOSED')]) {
    t.equal(translate(error), error)
  }
})

t.test('the README lists every code', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const code of Object.keys(SQLITE_ERRORS)) t.match(readme, `\`${code}\``, code)
})
