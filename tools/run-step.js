import { spawn } from 'node:child_process'
import { constants } from 'node:os'

// Without what an `npm exec` around us has set: it would redirect the npx of a step.
const { npm_config_package: _package, npm_config_call: _call, ...environment } = process.env

/**
 * Runs one step of steps.js to its end. A step counts as one check, or as many as its last line says.
 * SIGINT and SIGTERM reach all processes of the step, and are what the exit code says.
 */
export async function runStep ({ command: [file, ...args], quiet = false, counts = false }) {
  const began = performance.now()
  const piped = quiet || counts
  const child = spawn(file, args, {
    detached: true, // a group of its own: npx, and the shell below it, pass no signals on
    env: environment,
    stdio: ['ignore', piped ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit']
  })
  const held = []
  let last = ''
  child.stdout?.setEncoding('utf8').on('data', text => {
    if (quiet) held.push(text)
    else process.stdout.write(text)
    last = (last + text).slice(-200)
  })
  child.stderr?.setEncoding('utf8').on('data', text => held.push(text))

  let interrupted
  const forward = signal => {
    interrupted = signal
    process.kill(-child.pid, signal)
  }
  process.on('SIGINT', forward).on('SIGTERM', forward)
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  }).finally(() => process.off('SIGINT', forward).off('SIGTERM', forward))

  const [, pass = 0, fail = 0] = /pass: (\d+), fail: (\d+) \}\n$/.exec(last) ?? []
  const [passed, failed] = counts ? [Number(pass), Number(fail)] : [1, 0]
  const exitCode = interrupted ? 128 + constants.signals[interrupted] : code
  const ok = exitCode === 0 && failed === 0 && passed > 0
  if (!ok) process.stdout.write(held.join(''))
  return {
    ms: performance.now() - began,
    exitCode: ok ? 0 : exitCode || 1,
    passed: ok || counts ? passed : 0,
    failed: ok ? 0 : failed || 1
  }
}
