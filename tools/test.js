// node tools/test.js [folder or file …]: builds and runs tests, those of this folder unless others are named.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { availableParallelism, constants } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { coverageOf, uncovered } from './coverage.js'
import { runTestFiles } from './test-file.js'
import { testFiles } from './test-files.js'

const named = process.argv.slice(2).map(path => resolve(path))
const folders = named.length > 0 ? named : [process.cwd()]
process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const all = testFiles()
const files = all.filter(({ path }) => folders.some(folder => `${resolve(path)}/`.startsWith(`${folder}/`)))
if (files.length === 0) {
  console.error(`no tests in ${folders.join(', ')}`)
  process.exit(2)
}

const projects = [...new Set(files.map(({ project }) => project))]
const { status } = spawnSync(process.execPath, [
  'node_modules/typescript/bin/tsc', '-b', ...projects.map(project => `${project}/test`)
], {
  stdio: 'inherit'
})
if (status !== 0) process.exit(1)

/** Packages of which every test runs: these cover all of their code. */
const covered = projects.filter(project =>
  project.startsWith('packages/') && all.every(file => file.project !== project || files.includes(file)))
for (const project of covered) rmSync(coverageOf(project), { recursive: true, force: true })

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(128 + constants.signals[signal]))

const totals = { passed: 0, failed: 0 }
const failing = []
let number = 0

/** So many files share a process: to start one takes longer than most tests. */
const TOGETHER = 8

/** Runs one process after the other. */
async function work (queue) {
  for (const { paths, project } of queue) {
    const { ok, passed, failed, output, files } = await runTestFiles(
      paths, project, covered.includes(project) ? coverageOf(project) : undefined
    )
    totals.passed += passed
    totals.failed += failed
    if (!ok) process.stdout.write(output)
    for (const { ok, path, ms } of files) {
      if (!ok) failing.push(path)
      console.log(`  ${ok ? 'ok' : 'not ok'} ${++number} - ${path} # time=${ms.toFixed(0)}ms`)
    }
  }
}

async function runAll (files, jobs) {
  const queue = projects.flatMap(project => {
    const paths = files.filter(file => file.project === project).map(({ path }) => path)
    return shares(paths).map(paths => ({ paths, project }))
  }).values()
  await Promise.all(Array.from({ length: jobs }, async () => await work(queue)))
}

/** As few shares as there can be, of about the same size. */
function shares (paths) {
  const amount = Math.ceil(paths.length / TOGETHER)
  const start = i => Math.ceil(i * paths.length / amount)
  return Array.from({ length: amount }, (_, i) => paths.slice(start(i), start(i + 1)))
}

// Most tests wait as often as they compute. Examples start whole servers, so they come last, when nothing else is under
// way.
const startsServers = ({ project }) => project.startsWith('examples/') || project === 'testing/two-eras'
await runAll(files.filter(file => !startsServers(file)), availableParallelism() + 1)
await runAll(files.filter(startsServers), availableParallelism())

for (const project of failing.length > 0 ? [] : covered) {
  const report = uncovered(project)
  if (report === undefined) continue
  console.log(report)
  failing.push(project)
  totals.failed++
}
if (failing.length > 0) console.log(`failed: ${failing.join(', ')}`)
console.log(`# { total: ${totals.passed + totals.failed}, pass: ${totals.passed}, fail: ${totals.failed} }`)
process.exitCode = failing.length > 0 ? 1 : 0
