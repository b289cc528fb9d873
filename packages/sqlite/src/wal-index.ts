import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** Bytes of the head, as in https://sqlite.org/walformat.html, section 2.1. */
const HEAD = 48

/** What the head begins with, and where it says that it is whole. */
const FORMAT = 3_007_000
const WHOLE_AT = 12

interface Descriptor { readonly fd: number, users: number }

/**
 * Descriptors of `-shm` files. SQLite's locks of such a file belong to the process, and the system drops them when the
 * process closes any descriptor of the file. So a descriptor is closed only when its file has no name any more: SQLite
 * deletes the file when the last connection of all processes closes.
 */
const DESCRIPTORS = new Map<string, Descriptor>()

/**
 * The head of a database's `-shm` file, which SQLite changes with each commit of each process. To read it costs a third
 * of what it costs to ask SQLite.
 */
export class WalIndex {
  /** As it was before SQLite was asked last. */
  readonly #known = Buffer.alloc(HEAD)
  readonly #head = Buffer.alloc(HEAD)

  /** @throws the failure of a call of the system */
  private constructor (private readonly descriptor: Descriptor) {
    descriptor.users++
  }

  /**
   * @param database a file that is open, in WAL mode
   * @returns undefined where SQLite has to be asked
   */
  static open (database: string, platform = process.platform, mainThread = isMainThread): WalIndex | undefined {
    // Windows does not promise that a read sees what another process wrote to its mapping of the file. Other threads
    // close their descriptors when they end.
    if (platform === 'win32' || !mainThread) return undefined
    try {
      const index = new WalIndex(descriptorOf(`${database}-shm`))
      if (index.#isWhole()) return index
      index.close()
    } catch {
      // Then there is no such file, or no descriptor left, and SQLite is asked.
    }
    return undefined
  }

  /**
   * Whether anybody may have committed since {@link asked} was called.
   *
   * @throws the failure of a call of the system
   */
  changed (): boolean {
    return this.#read() !== HEAD || !this.#head.equals(this.#known)
  }

  /** Call it when SQLite was asked after {@link changed}, and has answered. */
  asked (): void {
    this.#head.copy(this.#known)
  }

  /** Call it when the connection is closed. */
  close (): void {
    this.descriptor.users--
    closeUnused()
  }

  #isWhole (): boolean {
    if (this.#read() !== HEAD || this.#head[WHOLE_AT] !== 1) return false
    // The numbers are in the byte order of the machine.
    return new Uint32Array(Uint8Array.from(this.#head).buffer)[0] === FORMAT
  }

  #read (): number {
    return readSync(this.descriptor.fd, this.#head, 0, HEAD, 0)
  }
}

function descriptorOf (path: string): Descriptor {
  closeUnused()
  const { dev, ino } = statSync(path)
  const name = `${dev}:${ino}`
  const descriptor = DESCRIPTORS.get(name) ?? { fd: openSync(path, 'r'), users: 0 }
  DESCRIPTORS.set(name, descriptor)
  return descriptor
}

/** A connection may close later than its handle, see {@link DESCRIPTORS}. So this looks at all of them. */
function closeUnused (): void {
  for (const [name, { fd, users }] of DESCRIPTORS) {
    if (users > 0 || fstatSync(fd).nlink > 0) continue
    DESCRIPTORS.delete(name)
    closeSync(fd)
  }
}
