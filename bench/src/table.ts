export type Row = readonly (string | number)[]

/** A Markdown table: the first column is text, the others are numbers. */
export function table (columns: readonly string[], rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`
  return [line(columns), line(columns.map((_, index) => index === 0 ? '---' : '---:')), ...rows.map(line)].join('\n')
}

const formats = new Map([0, 1, 2].map((digits) =>
  [digits, new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })]))

/** 12,345.6, with as many digits after the point as make sense for its size unless told. */
export function number (value: number, digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0): string {
  return formats.get(digits)!.format(value)
}
