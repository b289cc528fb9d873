import { readdirSync } from 'node:fs'

/** Where projects are. */
const PARENTS = ['packages', 'testing', 'examples']

/**
 * Every test file there is: its `path`, and the `project` that it belongs to, whose folder is its working directory.
 */
export function testFiles () {
  return PARENTS.flatMap(parent => readdirSync(parent).flatMap(name => inProject(`${parent}/${name}`)))
}

function inProject (project) {
  return entries(`${project}/test`).filter(name => name.endsWith('.test.ts')).sort().map(name => ({
    path: `${project}/test/${name}`, project
  }))
}

function entries (folder) {
  try {
    return readdirSync(folder, { recursive: true })
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  }
}
