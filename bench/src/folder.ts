import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Does something with a path in a folder of its own, which only this user can read. */
export async function withPath<T> (work: (path: string) => Promise<T>): Promise<T> {
  const folder = makeFolder()
  try {
    return await work(join(folder, 'sessions.db'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A folder that is removed when this process ends. */
export function folderOfProcess (): string {
  const folder = makeFolder()
  process.once('exit', () => { rmSync(folder, { recursive: true }) })
  return folder
}

function makeFolder (): string {
  return mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
}
