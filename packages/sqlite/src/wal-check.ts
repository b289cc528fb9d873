import { readFileSync, statSync } from 'node:fs'
import { block } from './block.js'

/** The format: https://sqlite.org/fileformat2.html#walformat. Numbers are big-endian. */
const HEADER = 32
const FRAME_HEADER = 24
/** The checksums of the file are over little-endian words, as every machine in use writes them. */
const LITTLE_ENDIAN = 0x377f0682

/** Bytes up to which a `-wal` file is checked. Only a long read makes it longer. */
const LONGEST = 2 ** 27

/** Milliseconds between two looks, and looks that must agree: a process that writes meanwhile looks like damage. */
const PAUSE = 20
const LOOKS = 3

/**
 * Whether SQLite would ignore transactions that were committed. It stops to read a `-wal` file at the first frame that
 * is not whole. After a process was killed, nothing but a transaction without its end can be behind that frame. A whole
 * transaction there was acknowledged, and its sessions would be unknown.
 *
 * Only for a file that this run of the machine has written: after the loss of power, a later frame may have reached the
 * disk before an earlier one.
 */
export function hasLostCommits (file: string, look = lookInto): boolean {
  const first = look(file)
  if (first === undefined) return false
  for (let looks = 1; looks < LOOKS; looks++) {
    block(PAUSE)
    if (look(file) !== first) return false
  }
  return true
}

/** How many frames of a file are whole, from its beginning on; Infinity for a file that is too long for a look. */
export function wholeFrames (file: string): number {
  const wal = readWal(file)
  if (wal === 'long') return Infinity
  return wal?.isWhole === true ? wal.wholeFrames() : 0
}

function sizeOf (file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** Undefined for a file without content. Another process may empty or delete it at any time. */
export function readWal (file: string, size = sizeOf(file)): WalFile | 'long' | undefined {
  if (size > LONGEST) return 'long'
  const bytes = size > HEADER ? readFileSync(file) : undefined
  return bytes === undefined || bytes.length <= HEADER ? undefined : new WalFile(bytes)
}

/** @returns where the damage is and which run of the file it concerns; undefined when there is none */
function lookInto (file: string): string | undefined {
  const wal = readWal(file)
  if (wal === undefined || wal === 'long') return undefined
  const damaged = wal.isWhole ? wal.damagedFrame() : 0
  return damaged === undefined ? undefined : `${damaged} ${wal.salts}`
}

type Sum = readonly [number, number]

class WalFile {
  readonly salts: string
  readonly #view: DataView
  readonly #frameSize: number
  readonly #frames: number

  constructor (private readonly bytes: Buffer) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#frameSize = FRAME_HEADER + this.#view.getUint32(8)
    this.#frames = Math.floor((bytes.length - HEADER) / this.#frameSize)
    this.salts = this.#saltsAt(16)
  }

  /** Whether the header is. Without it, SQLite ignores the whole file. */
  get isWhole (): boolean {
    return this.#view.getUint32(0) === LITTLE_ENDIAN && equal(this.#sumOf([0, 0], 0, 24), this.#sumAt(24))
  }

  /** How many frames are whole before the first one that is not. */
  wholeFrames (): number {
    let sum = this.#sumAt(24)
    let frame = 0
    while (frame < this.#frames && this.#follows(frame, sum)) sum = this.#sumAt(this.#start(frame++) + 16)
    return frame
  }

  /** The first frame that is not whole, if a whole transaction is behind it. */
  damagedFrame (): number | undefined {
    const frame = this.wholeFrames()
    for (let later = frame + 1; later < this.#frames; later++) {
      if (this.#endsTransaction(later)) return frame
    }
    return undefined
  }

  /** Whether a frame is whole, its predecessor has the same salts, and it is the last one of a transaction. */
  #endsTransaction (frame: number): boolean {
    const [before, start] = [this.#start(frame - 1), this.#start(frame)]
    const isCommit = this.#view.getUint32(start + 4) > 0
    return isCommit && this.#saltsAt(before + 8) === this.salts && this.#follows(frame, this.#sumAt(before + 16))
  }

  /** Whether a frame is whole, given the checksum of the frame before it. */
  #follows (frame: number, before: Sum): boolean {
    const start = this.#start(frame)
    if (this.#saltsAt(start + 8) !== this.salts) return false
    const sum = this.#sumOf(this.#sumOf(before, start, 8), start + FRAME_HEADER, this.#frameSize - FRAME_HEADER)
    return equal(sum, this.#sumAt(start + 16))
  }

  #start (frame: number): number {
    return HEADER + frame * this.#frameSize
  }

  #saltsAt (offset: number): string {
    return this.bytes.toString('hex', offset, offset + 8)
  }

  #sumAt (offset: number): Sum {
    return [this.#view.getUint32(offset), this.#view.getUint32(offset + 4)]
  }

  #sumOf ([one, two]: Sum, from: number, length: number): Sum {
    for (let at = from; at < from + length; at += 8) {
      one = (one + this.#view.getUint32(at, true) + two) >>> 0
      two = (two + this.#view.getUint32(at + 4, true) + one) >>> 0
    }
    return [one, two]
  }
}

function equal (one: Sum, other: Sum): boolean {
  return one[0] === other[0] && one[1] === other[1]
}
