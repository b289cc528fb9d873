// The words that docs/glossary.md rules out: the column `not` of its table.
import { existsSync, readFileSync } from 'node:fs'

const GLOSSARY = 'docs/glossary.md'

/** What must keep to the glossary: the pages, the READMEs of the repository and its packages, their sources. */
const BOUND = /^(docs\/[^/]+\.md|README\.md|packages\/[^/]+\/(README\.md|src\/.+\.ts))$/

/** Words that hide who does something, or to what. */
const VAGUE = ['whoever', 'whatever', 'whosoever']

/** Keywords of SQL, which has words of its own. */
const SQL = /^(PRIMARY KEY|BLOB)$/

/** A complaint for each whole word that the glossary rules out, and for each vague one, in upper or lower case. */
export function ruledOutWords (files) {
  const terms = ruledOut()
  const pattern = new RegExp(`\\b(?:${[...terms.keys(), ...VAGUE].join('|')})\\b`, 'gi')
  return files.filter(file => BOUND.test(file) && file !== GLOSSARY).flatMap(file =>
    readFileSync(file, 'utf8').split('\n').flatMap((line, i) => {
      const words = [...line.matchAll(pattern)].map(([word]) => word).filter(word => !SQL.test(word))
      return words.map(word => `${file}:${i + 1}: ${complaint(word, terms.get(word.toLowerCase()))}`)
    }))
}

function complaint (word, term) {
  return term === undefined ? `uses "${word}": name it` : `uses "${word}", which ${GLOSSARY} calls "${term}"`
}

/** Each word, in lower case, with the term that stands in its place. */
function ruledOut () {
  const page = existsSync(GLOSSARY) ? readFileSync(GLOSSARY, 'utf8') : ''
  const rows = page.matchAll(/^\| ([^|]+) \|[^|]*\|([^|]*)\|$/gm)
  return new Map([...rows].flatMap(([, term, words]) =>
    [...words.matchAll(/`([^`]+)`/g)].map(([, word]) => [word.toLowerCase(), term])))
}
