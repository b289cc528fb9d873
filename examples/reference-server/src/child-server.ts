import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const ENTRY = new URL('../dist/server.js', import.meta.url)
const LISTENING = /^listening on (\S+)$/m
/** Milliseconds: where many processes start at once, each takes its time. */
const START_TIMEOUT = 120_000

/** The server as a process of its own. */
export interface ChildServer {
  url: URL
  process: ChildProcess
  /** What it has written to stdout. */
  output: () => string
  /** What it has written to stderr. */
  log: () => string
  /** Sends SIGTERM and resolves to the exit code. */
  stop: () => Promise<number | null>
  /** Sends SIGKILL and resolves when it is gone. */
  kill: () => Promise<void>
}

/**
 * Starts the built server on a free port and waits until it says that it listens. It does not outlive this process.
 *
 * @param environment its `HOLDFAST_*` variables; those of this process are not handed on
 * @param entry the program of another server that takes `PORT` and says where it listens in the same way
 * @throws Error it ended, or did not listen within two minutes; the message has what it wrote to stderr
 */
export async function startChildServer (
  environment: Record<string, string> = {}, entry = ENTRY
): Promise<ChildServer> {
  const child = spawn(process.execPath, [fileURLToPath(entry)], {
    env: { ...withoutSettings(process.env), PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const kill = (): void => { child.kill('SIGKILL') }
  const exited = once(child, 'close') as Promise<[number | null]>
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
  let [output, log] = ['', '']
  child.stderr.setEncoding('utf8').on('data', (text: string) => { log += text })

  const timer = setTimeout(kill, START_TIMEOUT)
  await new Promise<void>(resolve => {
    child.stdout.setEncoding('utf8').on('close', resolve).on('data', (text: string) => {
      output += text
      if (LISTENING.test(output)) resolve()
    })
  })
  clearTimeout(timer)

  const address = LISTENING.exec(output)?.[1]
  if (address === undefined) {
    kill()
    await exited
    throw new Error(`the server did not start: ${(log || output).trim() || 'it said nothing'}`)
  }
  return {
    url: new URL(address),
    process: child,
    output: () => output,
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
    kill: async () => {
      kill()
      await exited
    }
  }
}

function withoutSettings (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !/^(HOST|PORT|REDIS_URL|HOLDFAST_.*)$/.test(name))
  return Object.fromEntries(others)
}
