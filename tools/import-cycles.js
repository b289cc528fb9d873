import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'

/**
 * Import cycles among files, through imports and exports of values and of types: each a list of files that import the
 * next, back to the first. Every file that is part of a cycle is in one of them.
 */
export function importCycles (files) {
  const known = new Set(files)
  const graph = new Map(files.map(file => [file, imports(file).filter(target => known.has(target))]))
  const reported = new Set()
  const cycles = []
  for (const file of files) {
    const cycle = reported.has(file) ? undefined : shortestCycle(file, graph)
    if (cycle === undefined) continue
    cycles.push(cycle)
    for (const member of cycle) reported.add(member)
  }
  return cycles
}

/** The files that a file names; TypeScript writes `.js` for what is a `.ts` file. */
function imports (file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'))
  return importedFiles.map(({ fileName }) => posix.join(posix.dirname(file), fileName).replace(/\.js$/, '.ts'))
}

function shortestCycle (start, graph) {
  const importer = new Map()
  const queue = [start]
  for (const file of queue) {
    for (const next of graph.get(file)) {
      if (next === start) return [...pathTo(file, importer), start]
      if (importer.has(next)) continue
      importer.set(next, file)
      queue.push(next)
    }
  }
  return undefined
}

function pathTo (file, importer) {
  const path = [file]
  while (importer.has(path[0])) path.unshift(importer.get(path[0]))
  return path
}
