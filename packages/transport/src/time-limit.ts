/** A promise that resolves after some milliseconds, unless it is cancelled. Does not keep the process alive. */
export function timeLimit (milliseconds: number): { over: Promise<void>, cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>(resolve => { timer = setTimeout(resolve, milliseconds).unref() })
  return { over, cancel: () => clearTimeout(timer) }
}
