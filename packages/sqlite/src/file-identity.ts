import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'

/** Which files the names of a database and of its `-wal` file stood for when the database was opened. */
export class FileIdentity {
  readonly #paths: readonly string[]
  readonly #inodes: readonly number[]

  constructor (database: string) {
    this.#paths = [database, `${database}-wal`]
    this.#inodes = this.#paths.map((path) => statSync(path).ino)
  }

  /** The inode of the database. */
  get inode (): number { return this.#inodes[0] as number }

  /** {@link isSame}, at once. Without the `-wal` file, which another process may have deleted when it closed. */
  isSameNow (): boolean {
    return inodeOf(this.#paths[0] as string) === this.inode
  }

  /**
   * Whether they still stand for the same files. False when one is missing.
   *
   * @throws the failure of a call of the system, which says nothing of the files
   */
  async isSame (): Promise<boolean> {
    const inodes = await Promise.all(this.#paths.map(async (path) => (await stat(path).catch(missing))?.ino))
    return this.#inodes.every((inode, i) => inode === inodes[i])
  }
}

function missing (error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

/** The inode of a file; undefined when there is none. */
export function inodeOf (path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
