import { spawnSync } from 'node:child_process'

/** Where the processes of a package's tests note what they ran. */
export function coverageOf (project) {
  return `node_modules/.cache/coverage/${project}`
}

/** What the tests of a package leave out of its code, as a table; undefined when they leave out nothing. */
export function uncovered (project) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    'node_modules/c8/bin/c8.js', 'report', '--check-coverage', '--100', '--include', `${project}/dist/**`,
    '--include', `${project}/src/**`, '--temp-directory', coverageOf(project), '--reporter', 'text', '--skip-full'
  ], { encoding: 'utf8' })
  return status === 0 ? undefined : stdout + stderr
}
