import { open } from 'node:fs/promises'

/** A new file, or a new name of a file, is durable once its folder is synced. Windows cannot sync a folder. */
export async function syncFolder (path: string, platform: string = process.platform): Promise<void> {
  if (platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
