import { Presets, SingleBar } from 'cli-progress'
import { type Io, proceed, say } from './io.js'

/** Milliseconds between two lines of progress when stderr is not a terminal. */
const LINE_INTERVAL = 2_000

/** Progress that is shown on stderr. */
interface Progress {
  at (done: number): void
  /** @param succeeded if false, the progress stays where it was */
  end (succeeded: boolean): void
}

/**
 * Shows the progress of some work: a bar on a terminal, otherwise a line at intervals. The display ends with the work.
 *
 * @param total an estimate
 * @param work when the command was interrupted, it stops at its next report
 */
export async function withProgress<T> (
  io: Io,
  what: string,
  total: number,
  work: (at: (done: number) => void) => Promise<T>
): Promise<T> {
  const progress = io.stderr.isTTY === true ? bar(io, what, total) : lines(io, what, total)
  let succeeded = false
  try {
    const result = await work(done => {
      progress.at(done)
      proceed(io)
    })
    succeeded = true
    return result
  } finally {
    progress.end(succeeded)
  }
}

function bar ({ stderr }: Io, what: string, total: number): Progress {
  const format = `${what} {bar} {value} of {total}`
  const single = new SingleBar({ format, stream: stderr, forceRedraw: true }, Presets.shades_classic)
  single.start(total, 0)
  return {
    at: done => { single.update(Math.min(done, total)) },
    end: succeeded => {
      if (succeeded) single.update(total)
      single.stop()
    }
  }
}

function lines (io: Io, what: string, total: number): Progress {
  let done = 0
  let last = io.now()
  const show = (): void => { say(io, `${what}: ${done} of ${total}`) }
  return {
    at: now => {
      const due = now !== done && io.now() - last >= LINE_INTERVAL
      done = now
      if (!due) return
      last = io.now()
      show()
    },
    end: succeeded => { if (succeeded) show() }
  }
}
