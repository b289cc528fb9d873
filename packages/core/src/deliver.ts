import type { BusListener } from './backend.js'

/**
 * For backends: passes a message to a listener. A listener that throws does not stop the other listeners. Its error is
 * emitted as a process warning.
 */
export function deliver (listener: BusListener, message: Uint8Array): void {
  try {
    listener(message)
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : new Error('A bus listener threw', { cause: error }))
  }
}
