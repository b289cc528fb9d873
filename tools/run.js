// node tools/run.js start | test | check | bench | endurance | world [arguments]; see steps.js
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runStep } from './run-step.js'
import { modes } from './steps.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [name, ...args] = process.argv.slice(2)
const mode = modes[name]
if (mode === undefined) {
  console.error(`usage: node tools/run.js ${Object.keys(modes).join(' | ')}`)
  process.exit(2)
}

const results = []
let aside = Promise.resolve(true)
for (const step of mode.steps) {
  if (step.aside) aside = aside.then(async passed => passed && await take({ ...step, quiet: true }))
  else if (!await take(step)) break
}
await aside
const failed = sum('failed')

if (mode.main === undefined || failed > 0) {
  const width = Math.max(...results.map(({ name }) => name.length))
  const line = r => `${r.name.padEnd(width)}  ${r.failed === 0 ? 'ok    ' : 'FAILED'}  ${seconds(r)}`
  console.log('\n' + results.map(line).join('\n'))
  console.log(`${sum('passed')} passed, ${failed} failed`)
} else {
  console.log()
  absorbEcho('SIGINT')
  absorbEcho('SIGTERM')
  const main = resolve(mode.main)
  process.argv = [process.argv[0], main, ...args]
  await import(pathToFileURL(main))
}

/**
 * A Ctrl-C arrives twice, from the terminal and from npm; without this the second one would cut an orderly end short.
 */
function absorbEcho (signal) {
  let last = -Infinity
  process.on(signal, () => {
    const echo = performance.now() - last < 500
    last = performance.now()
    if (!echo && process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
  })
}

/** Runs a step, and says what came of it. */
async function take (step) {
  console.log(`\n→ ${step.name}: ${step.says}`)
  const result = await runStep(step)
  results.push({ name: step.name, ...result })
  console.log(`${result.failed === 0 ? '✓' : '✗'} ${step.name}: ${seconds(result)}`)
  process.exitCode ||= result.exitCode
  return result.failed === 0
}

function sum (key) {
  return results.reduce((total, result) => total + result[key], 0)
}

function seconds ({ ms }) {
  return `${(ms / 1000).toFixed(1)} s`
}
