import { Worker, parentPort, workerData } from 'node:worker_threads'
import type { ErrorCode } from '@holdfast/core'
import { SqliteError, type SqliteErrorCode, failureOf, translate } from './errors.js'

type Answer = { result: unknown } | { code: SqliteErrorCode | ErrorCode }

/**
 * Runs a module in a thread of its own, and resolves to what the module gives to {@link answer}. For work that would
 * hold up every request of this process.
 *
 * @param module of this folder
 * @param input a value that can be cloned
 * @throws SqliteError, HoldfastError HOLDFAST_BACKEND_FULL
 */
export async function inThread<T> (module: string, input: unknown): Promise<T> {
  const answered = await new Promise<Answer>((resolve, reject) => {
    // Flags such as --input-type are for the main module of the process only.
    const worker = new Worker(new URL(module, import.meta.url), { workerData: input, execArgv: [] })
    worker.once('message', resolve).once('error', reject)
    worker.once('exit', () => { reject(new SqliteError('SQLITE_FAILED')) })
  }).catch((error: unknown) => { throw translate(error) })
  if ('result' in answered) return answered.result as T
  throw failureOf(answered.code)
}

/** Call it in the module of the thread. */
export function answer<Input> (work: (input: Input) => unknown): void {
  parentPort?.postMessage(attempt(() => work(workerData as Input)))
}

function attempt (work: () => unknown): Answer {
  try {
    return { result: work() }
  } catch (error) {
    return { code: translate(error).code }
  }
}
