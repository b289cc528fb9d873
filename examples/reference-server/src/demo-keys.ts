import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKey } from '@holdfast/fastify'

/**
 * The keys of the demonstration. They are made when there are none yet, and kept for the next time in a file that only
 * its owner can read. A service in production gets its keys from a secret store instead.
 *
 * @param path where they are kept; its folder is made as well
 */
export async function demoKeys (path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, `${generateKey()}\n`, { flag: 'wx', mode: 0o600 })
    // Two processes that start at once get the same keys: whoever is second finds a whole file.
    await link(draft, path).catch(unlessExisting)
  } finally {
    await rm(draft, { force: true })
  }
  return (await readFile(path, 'utf8')).trim()
}

function unlessExisting (error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
