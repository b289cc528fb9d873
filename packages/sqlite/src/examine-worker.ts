import { type Body, isWhole } from './checksum.js'
import { clockAhead } from './clock.js'
import type { Handle, Value } from './driver.js'
import { type FileExamination, riskOf } from './examine.js'
import { openToRead } from './reader.js'
import { checkVersion, pragma } from './schema.js'
import { answer } from './thread.js'

/** Rows that are read together. */
const PAGE = 50

/** The columns that order the rows of the tables with bodies, by the end of a table's name. */
const ORDERS: ReadonlyArray<[end: string, columns: readonly string[]]> = [
  ['records', ['id']], ['events', ['stream', 'position']]
]

answer(({ path, quick }: { path: string, quick: boolean }): FileExamination => {
  const found: FileExamination = { risks: [] }
  try {
    const handle = openToRead(path)
    try {
      look(handle, quick, found)
    } finally {
      handle.close()
    }
  } catch (error) {
    found.risks.push(riskOf(error))
  }
  return found
})

/** Notes what it finds as it goes: damage may end it anywhere. */
function look (handle: Handle, quick: boolean, found: FileExamination): void {
  const { version } = handle.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  found.engine = version
  found.schema = checkVersion(handle)
  found.usedBytes = (pragma(handle, 'page_count') - pragma(handle, 'freelist_count')) * pragma(handle, 'page_size')
  found.clockAhead = clockAhead(handle)
  const [first] = handle.prepare(`PRAGMA ${quick ? 'quick_check' : 'integrity_check'}(1)`).all() as [object]
  if (Object.values(first)[0] !== 'ok') found.risks.push('SQLITE_DAMAGED')
  else if (!quick) lookAtBodies(handle, found)
}

function lookAtBodies (handle: Handle, found: FileExamination): void {
  const names = handle.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as Array<{ name: string }>
  const counts = names.flatMap(({ name }) => ORDERS
    .filter(([end]) => name === end || name.endsWith(`_${end}`))
    .map(([, columns]) => check(handle, name, columns)))
  found.bodies = counts.reduce((sum, { whole }) => sum + whole, 0)
  if (counts.some(({ damaged }) => damaged > 0)) found.risks.push('SQLITE_DAMAGED_BODY')
}

function check (handle: Handle, table: string, columns: readonly string[]): { whole: number, damaged: number } {
  const list = columns.join(', ')
  const next = handle.prepare(`
    SELECT ${list}, sum, body FROM "${table}" WHERE (${list}) > (${columns.map(() => '?').join(', ')})
    ORDER BY ${list} LIMIT ${PAGE}
  `)
  const count = { whole: 0, damaged: 0 }
  let after: Value[] = columns.map(() => -1)
  for (;;) {
    const rows = next.all(...after) as Array<Body & Record<string, Value>>
    for (const row of rows) count[isWhole(row) ? 'whole' : 'damaged']++
    const last = rows.at(-1)
    if (last === undefined) return count
    after = columns.map((column) => last[column] as Value)
  }
}
