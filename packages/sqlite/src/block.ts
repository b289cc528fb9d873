/** Blocks this thread for some milliseconds. Only where nothing can be awaited. */
export function block (ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
