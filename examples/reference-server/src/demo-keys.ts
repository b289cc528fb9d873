import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKey } from '@holdfast/fastify'

/**
 * The keys of the demonstration. They are made when there are none yet, and kept for the next time in a file that only
 * its owner can read. A service in production gets its keys from a secret store instead.
 *
 * @param path where they are kept; its folder is made as well
 */
export async function demoKeys (path: string): Promise<{ keys: string, generated: boolean }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const generated = await writeFile(path, `${generateKey()}\n`, { flag: 'wx', mode: 0o600 }).then(() => true, existing)
  return { keys: (await readFile(path, 'utf8')).trim(), generated }
}

function existing (error: NodeJS.ErrnoException): false {
  if (error.code === 'EEXIST') return false
  throw error
}
