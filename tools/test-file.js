import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

/** Milliseconds after which a test file is ended. */
const TIMEOUT = 240_000

/**
 * Runs a test file, compiled, in a process of its own, and counts its assertions. A skipped one counts as failed: it is
 * a check that nobody runs. So does a process that ends before its tests.
 */
export async function runTestFile (path, project, coverage) {
  const began = performance.now()
  const compiled = resolve(path.replace('/test/', '/dist-test/').replace(/\.ts$/, '.js'))
  const child = spawn(process.execPath, ['--enable-source-maps', compiled], {
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
  child.stdout.on('data', text => { tap += text })
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (...ended) => resolve(ended))
  })
  clearTimeout(timer)
  process.off('exit', end)
  const { pass = 0, fail = 0, skip = 0, todo = 0 } = totals(tap)
  const ok = code === 0 && pass > 0 && fail + skip + todo === 0
  if (signal !== null) output += `ended by ${signal}\n`
  return { ok, passed: pass, failed: ok ? 0 : Math.max(fail + skip + todo, 1), output, ms: performance.now() - began }
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
