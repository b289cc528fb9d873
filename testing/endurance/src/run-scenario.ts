import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Scenario } from './scenario.js'

export interface Outcome {
  ok: boolean
  /** What was measured, or why it failed. */
  measured: string
}

const ENTRY = fileURLToPath(new URL('one.js', import.meta.url))
let running: ChildProcess | undefined

type Timed = Outcome & { seconds: number }

/**
 * Runs a scenario in a group of processes and a temporary folder of its own. When its deadline is over, nothing of them
 * is left.
 */
export async function runScenario (name: string, { deadline }: Scenario, scale: number): Promise<Timed> {
  const began = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-endurance-'))
  const child = fork(ENTRY, [name, String(scale)], { detached: true, env: { ...process.env, TMPDIR: folder } })
  running = child
  let outcome: Outcome | undefined
  child.on('message', said => { outcome = said as Outcome })
  const timer = setTimeout(() => {
    if (outcome?.ok !== false) outcome = { ok: false, measured: `it was not done within ${deadline} minutes` }
    endScenario()
  }, deadline * 60_000)
  await once(child, 'exit')
  clearTimeout(timer)
  endScenario()
  running = undefined
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  outcome ??= { ok: false, measured: 'it ended without a word' }
  return { ...outcome, seconds: (performance.now() - began) / 1000 }
}

/** Kills whatever is left of the one that runs. */
export function endScenario (): void {
  if (running?.pid === undefined) return
  try {
    process.kill(-running.pid, 'SIGKILL')
  } catch (error) {
    // Nothing is left of the group.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
