import { constants } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openRegular } from './open-regular.js'
import { syncFolder } from './sync-folder.js'

/**
 * Lists the sessions that ended since a snapshot, one key per line, in a file beside the snapshot. While the next
 * snapshot is written, a second file keeps the older keys: the old snapshot still holds these sessions.
 */
export class EndedFile {
  readonly #path: string
  readonly #before: string
  #last: Promise<unknown> = Promise.resolve()

  /** @param snapshot the path of the snapshot */
  constructor (snapshot: string) {
    this.#path = `${snapshot}.ended`
    this.#before = `${snapshot}.ended-before`
  }

  /** The keys are durable when it resolves. */
  async add (keys: readonly string[]): Promise<void> {
    // The leading newline ends a line that a full disk cut short.
    await this.#inTurn(async () => { await append(this.#path, `\n${keys.join('\n')}\n`) })
  }

  async read (): Promise<Set<string>> {
    const texts = await this.#inTurn(async () => [await text(this.#before), await text(this.#path)])
    return new Set(texts.flatMap(lines => lines.split('\n')).filter(key => key !== ''))
  }

  /**
   * Begins a new snapshot, which will hold no session that ended before now.
   *
   * @returns a function to call once the new snapshot is stored. It forgets the keys of these sessions
   */
  async beginSnapshot (): Promise<() => Promise<void>> {
    await this.#inTurn(async () => {
      const keys = await text(this.#path)
      if (keys === '') return
      await append(this.#before, keys)
      await rm(this.#path)
    })
    return async () => { await this.#inTurn(async () => { await rm(this.#before, { force: true }) }) }
  }

  async #inTurn<T> (work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return await result
  }
}

async function append (path: string, content: string): Promise<void> {
  const handle = await openRegular(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT)
  try {
    const { size } = await handle.stat()
    await handle.appendFile(content)
    await handle.datasync()
    if (size === 0) await syncFolder(dirname(path))
  } finally {
    await handle.close()
  }
}

async function text (path: string): Promise<string> {
  const handle = await openRegular(path, constants.O_RDONLY).catch(unlessAbsent)
  try {
    return await handle?.readFile('utf8') ?? ''
  } finally {
    await handle?.close()
  }
}

function unlessAbsent (error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
