import { Presets, SingleBar } from 'cli-progress'
import { type Io, proceed, say } from './io.js'

/** Milliseconds between two lines where there is no terminal. */
const EVERY = 2_000

/** How far something is, on stderr. */
interface Progress {
  at (done: number): void
  /** @param succeeded otherwise it stays where it was */
  end (succeeded: boolean): void
}

/**
 * Shows the progress of some work: a bar on a terminal, a line now and then elsewhere. It ends however the work ends.
 *
 * @param total as far as is known
 * @param work stops where it next reports when the command was interrupted
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
  const tell = (): void => { say(io, `${what}: ${done} of ${total}`) }
  return {
    at: now => {
      const due = now !== done && io.now() - last >= EVERY
      done = now
      if (!due) return
      last = io.now()
      tell()
    },
    end: succeeded => { if (succeeded) tell() }
  }
}
