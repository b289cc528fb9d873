import stringWidth from 'string-width'

/** The result of a command. */
export interface Result {
  /** Printed with `--json`. */
  json: unknown
  /** Printed without `--json`. */
  text: string
  /** A problem, printed on stderr. */
  trouble?: string
  /** Default: 0. */
  exitCode?: number
}

/** Lays out rows in columns, each as wide as its widest cell. */
export function table (rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] as readonly string[]).map(
    (_, column) => Math.max(...rows.map(row => stringWidth(row[column] as string)))
  )
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => padded(cell, widths[column] as number)).join('  ').trimEnd()
  return rows.map(line).join('\n')
}

/** A text with as many spaces as fill a column of a terminal. Letters such as those of Chinese take two places. */
export function padded (text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}

/** Problems that are listed in text. */
const LISTED = 10

/** The first problems, a line each; `--json` has all of them. */
export function firstOf (problems: readonly string[]): string {
  const more = problems.length > LISTED ? [`and ${problems.length - LISTED} more: see --json`] : []
  return [...problems.slice(0, LISTED), ...more].map(line => `\n${line}`).join('')
}

/** The counts of a report on one line: `restored 3, expired 1`. */
export function counts (report: object): string {
  const numbers = Object.entries(report).filter(([, value]) => typeof value === 'number')
  return numbers.map(([name, value]) => `${name} ${value}`).join(', ')
}
