import { Content } from './file-content.js'
import type { Change, DiskEvent } from './disk-trace.js'
import type { Random } from './seeded.js'

/** How much of what no sync confirmed a loss of power leaves. */
const MOODS = ['nothing', 'the beginning', 'anything', 'anything'] as const

interface File { content: Content, pending: Change[] }
interface Naming { number: number, file: File | undefined }

/** A folder on a disk: what syncs have confirmed, and what the system still has to write. */
export class UnsafeDisk {
  /** The files by their names, as processes see them. */
  readonly #present = new Map<string, File>()
  readonly #confirmed = new Map<string, File>()
  /** Names that were made or removed since, in order. */
  readonly #pending = new Map<string, Naming[]>()

  /** @param number how many events came before this one */
  apply (event: DiskEvent, number: number): void {
    if (event.what === 'note') return
    const { name } = event
    if (event.what === 'sync') {
      if (name === '') this.#confirmNames(event.since)
      else confirm(this.#file(name), event.since)
    } else if (event.what === 'write' || event.what === 'truncate') {
      this.#file(name).pending.push(event)
    } else if (event.what === 'unlink' || !this.#present.has(name)) {
      const file = event.what === 'make' ? { content: new Content(), pending: [] } : undefined
      if (file === undefined) this.#present.delete(name)
      else this.#present.set(name, file)
      this.#pending.set(name, [...this.#pending.get(name) ?? [], { number, file }])
    }
  }

  /** What is on the disk when the power is lost now: the contents of the files by their names. */
  lose (random: Random): Map<string, Buffer> {
    const left = new Map<string, Buffer>()
    for (const name of new Set([...this.#confirmed.keys(), ...this.#pending.keys()])) {
      const possible = [this.#confirmed.get(name), ...(this.#pending.get(name) ?? []).map(({ file }) => file)]
      const file = possible[random(possible.length)]
      if (file !== undefined) left.set(name, remains(file, random))
    }
    return left
  }

  #file (name: string): File {
    const file = this.#present.get(name)
    if (file === undefined) throw new Error('the trace has a write to a file that nobody made')
    return file
  }

  #confirmNames (since: number): void {
    for (const [name, namings] of this.#pending) {
      const confirmed = namings.filter(({ number }) => number < since)
      if (confirmed.length === 0) continue
      const { file } = confirmed.at(-1) as Naming
      if (file === undefined) this.#confirmed.delete(name)
      else this.#confirmed.set(name, file)
      const left = namings.slice(confirmed.length)
      if (left.length === 0) this.#pending.delete(name)
      else this.#pending.set(name, left)
    }
  }
}

function confirm (file: File, since: number): void {
  for (const change of file.pending) if (change.ended <= since) file.content.apply(change)
  file.pending = file.pending.filter(({ ended }) => ended > since)
}

function remains ({ content, pending }: File, random: Random): Buffer {
  const mood = MOODS[random(MOODS.length)]
  const whole = random(pending.length + 1)
  const left = content.copy()
  for (const [i, change] of pending.entries()) {
    const fate = mood === 'anything' ? random(3) : mood === 'nothing' || i > whole ? 0 : i < whole ? 1 : 2
    if (fate === 1) left.apply(change)
    if (fate === 2) left.apply(change, () => random(2) === 0)
  }
  return left.bytes
}
