// The words that docs/glossary.md rules out: the column `not` of its table.
import { existsSync, readFileSync } from 'node:fs'

const GLOSSARY = 'docs/glossary.md'

/** What must keep to the glossary: the pages, the READMEs of the repository and its packages, their sources. */
const BOUND = /^(docs\/[^/]+\.md|README\.md|packages\/[^/]+\/(README\.md|src\/.+\.ts))$/

/** A complaint for each whole word that the glossary rules out, in upper or lower case. */
export function ruledOutWords (files) {
  const terms = ruledOut()
  if (terms.size === 0) return []
  const pattern = new RegExp(`\\b(?:${[...terms.keys()].join('|')})\\b`, 'gi')
  return files.filter(file => BOUND.test(file) && file !== GLOSSARY).flatMap(file =>
    readFileSync(file, 'utf8').split('\n').flatMap((line, i) => [...line.matchAll(pattern)].map(([word]) =>
      `${file}:${i + 1}: uses "${word}", which ${GLOSSARY} calls "${terms.get(word.toLowerCase())}"`)))
}

/** Each word, in lower case, with the term that stands in its place. */
function ruledOut () {
  const page = existsSync(GLOSSARY) ? readFileSync(GLOSSARY, 'utf8') : ''
  const rows = page.matchAll(/^\| ([^|]+) \|[^|]*\|([^|]*)\|$/gm)
  return new Map([...rows].flatMap(([, term, words]) =>
    [...words.matchAll(/`([^`]+)`/g)].map(([, word]) => [word.toLowerCase(), term])))
}
