import { setTimeout as pause } from 'node:timers/promises'
import type { MirroredBackend } from '@holdfast/core'

/** Milliseconds between two attempts while a copy does not answer. */
const PAUSE = 60_000

/**
 * Gives the copies what they lack, in the background. While one does not answer, it tries again every minute.
 *
 * @returns ends the attempts, and resolves when none is under way
 */
export function copyEverything (
  store: Pick<MirroredBackend, 'backfill'>, onWarning: (warning: Error) => void, interval = PAUSE
): () => Promise<void> {
  const ending = new AbortController()
  const { signal } = ending
  const done = attempts()
  return async () => {
    ending.abort()
    await done
  }

  async function attempts (): Promise<void> {
    while (!signal.aborted && !await succeeds()) await pause(interval, undefined, { signal, ref: false }).catch(ended)
  }

  async function succeeds (): Promise<boolean> {
    try {
      await store.backfill({ signal })
      return true
    } catch (error) {
      if (!signal.aborted) onWarning(error as Error)
      return false
    }
  }
}

/** The pause rejects only when the attempts end. */
function ended (): void {}
