import fs, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { devNull } from 'node:os'

/** What was written to files, through `node:fs/promises`. */
export interface Written {
  bytes: number
  syncs: number
}

type Writes = (data: unknown) => Promise<unknown>

/** Counts what this process writes from now on: bytes that are handed to files, and syncs of files and folders. */
export async function countWrites (): Promise<Written> {
  const written: Written = { bytes: 0, syncs: 0 }
  const handle = await fs.open(devNull)
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  for (const name of ['write', 'writev', 'writeFile', 'appendFile']) {
    const original: Writes = prototype[name]
    prototype[name] = async function (this: FileHandle, data: unknown, ...rest: []) {
      written.bytes += sizeOf(data)
      return await original.call(this, data, ...rest)
    }
  }
  for (const name of ['sync', 'datasync']) {
    const original: () => Promise<void> = prototype[name]
    prototype[name] = async function (this: FileHandle) {
      written.syncs++
      await original.call(this)
    }
  }
  // These go past the methods of the handle that they are given.
  for (const name of ['writeFile', 'appendFile'] as const) {
    const original = fs[name]
    fs[name] = async (file, data: any, options) => {
      written.bytes += sizeOf(data)
      await original(file, data, options)
    }
  }
  syncBuiltinESMExports()
  return written
}

/** @throws Error it is of a kind that is not counted */
function sizeOf (data: unknown): number {
  if (typeof data === 'string') return Buffer.byteLength(data)
  if (ArrayBuffer.isView(data)) return data.byteLength
  if (Array.isArray(data)) return data.reduce((sum: number, part) => sum + sizeOf(part), 0)
  throw new Error('bytes of a stream are not counted')
}
