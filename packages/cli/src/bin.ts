#!/usr/bin/env node
import { main } from './index.js'

const interruption = new AbortController()
// `once`: a second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { interruption.abort() })

const { env, stdin, stdout, stderr } = process
process.exitCode = await main(process.argv.slice(2), {
  env, stdin, stdout, stderr, now: () => performance.now(), interrupted: interruption.signal
})
