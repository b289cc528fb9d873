import { readFileSync, readdirSync } from 'node:fs'

/** The publishable packages: `[{ dir, manifest }]`. */
export const packages = readdirSync('packages')
  .map(dir => ({ dir, manifest: readJson(`packages/${dir}/package.json`) }))

export function readJson (path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Ends a check: prints what is wrong, a line each, and decides the exit code. */
export function report (complaints) {
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}
