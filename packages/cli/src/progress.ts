import { type Io, proceed, say } from './io.js'

/** Milliseconds between two lines of progress when stderr is not a terminal. */
const LINE_INTERVAL = 2_000

/** Milliseconds between two drawings of the bar. */
const DRAW_INTERVAL = 100
/** Characters of the bar. */
const BAR = 40
/** Tells a terminal to clear the rest of the line. */
const CLEAR = '\u001b[K'

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

function bar (io: Io, what: string, total: number): Progress {
  let done = 0
  let drawn = io.now()
  const draw = (): void => {
    const filled = total === 0 ? BAR : Math.round(BAR * done / total)
    io.stderr.write(`\r${what} ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${done} of ${total}${CLEAR}`)
  }
  draw()
  return {
    at: now => {
      done = Math.min(now, total)
      if (io.now() - drawn < DRAW_INTERVAL) return
      drawn = io.now()
      draw()
    },
    end: succeeded => {
      if (succeeded) done = total
      draw()
      io.stderr.write('\n')
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
