import { spawn } from 'node:child_process'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Milliseconds without a word, after which a process is ended. */
const TIMEOUT = 240_000
const TOGETHER = fileURLToPath(new URL('together.js', import.meta.url))

/**
 * Runs test files of a project, compiled, one after the other in a process of their own, and counts their assertions. A
 * skipped one counts as failed: it is a check that nobody runs. So does a process that ends before its tests.
 */
export async function runTestFiles (paths, project, coverage) {
  const files = paths.map(path => resolve(path.replace('/test/', '/dist-test/').replace(/\.ts$/, '.js')))
  const name = basename(files[0], '.test.js')
  const flags = ['--enable-source-maps', '--experimental-import-meta-resolve']
  const child = spawn(process.execPath, [...flags, TOGETHER, name, ...files], {
    cwd: project,
    env: {
      ...process.env,
      TAP: '1',
      TAP_TIMEOUT: `${TIMEOUT / 1000}`,
      ...(coverage !== undefined && { NODE_V8_COVERAGE: resolve(coverage) })
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true // a group of its own, which ends with it: what a failed test has started would keep its output open
  })
  const end = () => endGroup(child.pid)
  const timer = setTimeout(end, TIMEOUT)
  process.on('exit', end)
  child.on('exit', end)
  let [tap, output] = ['', '']
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { output += text })
  child.stdout.on('data', text => {
    tap += text
    timer.refresh()
  })
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (...ended) => resolve(ended))
  })
  clearTimeout(timer)
  process.off('exit', end)
  const { pass = 0, fail = 0, skip = 0, todo = 0 } = totals(tap)
  const ok = code === 0 && pass > 0 && fail + skip + todo === 0
  if (signal !== null) output += `ended by ${signal}\n`
  return {
    ok,
    passed: pass,
    failed: ok ? 0 : Math.max(fail + skip + todo, 1),
    output,
    files: outcomes(tap, files, ok).map((outcome, i) => ({ path: paths[i], ...outcome }))
  }
}

function endGroup (pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** What tap says last. */
function totals (tap) {
  const [, line = ''] = [...tap.matchAll(/^# \{ (.*) \}$/gm)].at(-1) ?? []
  return Object.fromEntries(
    line.split(', ').map(part => part.split(': ')).map(([kind, amount]) => [kind, Number(amount)])
  )
}

/**
 * What came of each file, and how long its tests took. Where no test has failed, it was the last one's doing that not
 * all is well.
 */
function outcomes (tap, files, ok) {
  const outcomes = files.map(() => ({ ok: false, ms: 0 }))
  let last = outcomes[0]
  for (const [, not, name, ms = 0] of tap.matchAll(/^(not )?ok \d+ - (.*?)(?: # time=([\d.]+)ms)?$/gm)) {
    const turn = outcomes[files.indexOf(name)]
    if (turn !== undefined) Object.assign(last = turn, { ok: true })
    if (not !== undefined) last.ok = false
    last.ms += Number(ms)
  }
  if (!ok && outcomes.every(({ ok }) => ok)) last.ok = false
  return outcomes
}
