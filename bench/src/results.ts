import { readFileSync, writeFileSync } from 'node:fs'

const readme = new URL('../README.md', import.meta.url)
const BEGIN = '<!-- results: begin -->'
const END = '<!-- results: end -->'

/** Replaces what stands between the markers in this package's README. */
export function writeResults (markdown: string): void {
  const text = readFileSync(readme, 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin === -1 || end < begin) throw new Error(`README.md lacks ${BEGIN} … ${END}`)
  writeFileSync(readme, `${text.slice(0, begin + BEGIN.length)}\n${markdown}\n${text.slice(end)}`)
}
