import { constants } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openRegular } from './open-regular.js'
import { syncFolder } from './sync-folder.js'

/** Milliseconds for which keys stay at least: another process with the same snapshot may still hold their sessions. */
const OVERLAP = 600_000
/** The first line: when the list began, in milliseconds since the epoch. */
const BEGAN = /^#(\d{13})$/m

/**
 * Lists sessions that ended, one key per line, in a file beside the snapshot. Processes with the same snapshot only
 * append to it, or rename it, so none loses a key of another. Keys go when a snapshot without their sessions was
 * written, and {@link OVERLAP} is over.
 */
export class EndedFile {
  readonly #path: string
  /** The list before this one. */
  readonly #before: string
  #last: Promise<unknown> = Promise.resolve()

  /** @param snapshot the path of the snapshot */
  constructor (snapshot: string, private readonly overlap = OVERLAP) {
    this.#path = `${snapshot}.ended`
    this.#before = `${snapshot}.ended-before`
  }

  /** The keys are durable when it resolves. */
  async add (keys: readonly string[]): Promise<void> {
    // The leading newline ends a line that a full disk cut short.
    await this.#inTurn(async () => { await append(this.#path, `\n${keys.join('\n')}\n`) })
  }

  async read (): Promise<Set<string>> {
    const lists = await this.#inTurn(async () => [await listAt(this.#before), await listAt(this.#path)])
    const lines = lists.flatMap(list => list?.text.split('\n') ?? [])
    return new Set(lines.filter(line => line !== '' && !line.startsWith('#')))
  }

  /**
   * Forgets the keys of the list before this one, after a snapshot was stored that holds none of their sessions. This
   * list becomes that one.
   *
   * @param began when the snapshot was begun, in milliseconds since the epoch
   */
  async forgetOlder (began: number): Promise<void> {
    await this.#inTurn(async () => {
      const list = await listAt(this.#path)
      if (list !== undefined && list.began < began && list.began < Date.now() - this.overlap) {
        await rename(this.#path, this.#before)
      }
    })
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
    await handle.appendFile(size === 0 ? `#${Date.now()}${content}` : content)
    await handle.datasync()
    if (size === 0) await syncFolder(dirname(path))
  } finally {
    await handle.close()
  }
}

async function listAt (path: string): Promise<{ text: string, began: number } | undefined> {
  const handle = await openRegular(path, constants.O_RDONLY).catch(unlessAbsent)
  if (handle === undefined) return undefined
  try {
    const text = await handle.readFile('utf8')
    const [, began] = BEGAN.exec(text) ?? []
    return { text, began: began === undefined ? (await handle.stat()).birthtimeMs : Number(began) }
  } finally {
    await handle.close()
  }
}

function unlessAbsent (error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
