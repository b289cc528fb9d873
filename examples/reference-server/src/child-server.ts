import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ENTRY = fileURLToPath(new URL('../dist/server.js', import.meta.url))
const START_TIMEOUT = 20_000

/** The server as a process of its own. */
export interface ChildServer {
  url: URL
  process: ChildProcess
  /** What it has written to stderr. */
  log: () => string
  /** Sends SIGTERM and resolves to the exit code. */
  stop: () => Promise<number | null>
}

/**
 * Starts the built server on a free port and waits until it listens.
 *
 * @param environment its `HOLDFAST_*` variables; those of this process are not handed on
 * @throws Error it ended or said nothing in time; the message has what it wrote to stderr
 */
export async function startChildServer (environment: Record<string, string> = {}): Promise<ChildServer> {
  const child = spawn(process.execPath, [ENTRY], {
    env: { ...withoutSettings(process.env), PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const exited = once(child, 'close') as Promise<[number | null]>
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { log += text })

  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT)
  const line = await firstLine(child.stdout)
  clearTimeout(timer)
  const address = /^listening on (\S+)$/.exec(line ?? '')?.[1]
  if (address === undefined) {
    child.kill('SIGKILL')
    await exited
    throw new Error(`the server did not start: ${log.trim() || line || 'it said nothing'}`)
  }
  return {
    url: new URL(address),
    process: child,
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    }
  }
}

async function firstLine (stream: NodeJS.ReadableStream): Promise<string | undefined> {
  const lines = createInterface(stream)
  const line = await new Promise<string | undefined>(resolve => {
    lines.once('line', resolve).once('close', () => resolve(undefined))
  })
  lines.close()
  stream.resume()
  return line
}

function withoutSettings (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(HOST|PORT|HOLDFAST_.*)$/.test(name)))
}
