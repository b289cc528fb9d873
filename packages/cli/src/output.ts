/** What a command hands back. */
export interface Result {
  /** For programs. */
  json: unknown
  /** For people. */
  text: string
  /** What went wrong, for stderr. */
  trouble?: string
  /** Default: 0. */
  exitCode?: number
}

/** Columns as wide as what is in them. */
export function table (rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] as readonly string[]).map(
    (_, column) => Math.max(...rows.map(row => (row[column] as string).length))
  )
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ').trimEnd()
  return rows.map(line).join('\n')
}

/** Lines that a person is shown of a list of things that went wrong. */
const MOST = 10

/** The first of them, a line each; `--json` has them all. */
export function firstOf (troubles: readonly string[]): string {
  const more = troubles.length > MOST ? [`and ${troubles.length - MOST} more: see --json`] : []
  return [...troubles.slice(0, MOST), ...more].map(line => `\n${line}`).join('')
}

/** The counts of a report on one line: `restored 3, expired 1`. */
export function counts (report: object): string {
  const numbers = Object.entries(report).filter(([, value]) => typeof value === 'number')
  return numbers.map(([name, value]) => `${name} ${value}`).join(', ')
}
