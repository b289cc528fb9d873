// Loaded before a program that opens a file of sessions: its syncs fail while there is a file beside that one.
import { existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

// A worker of the program loads this, too, but is told no options.
const { path } = JSON.parse(process.argv[2] ?? '{}')
const probe = await open('/dev/null')
const prototype = Object.getPrototypeOf(probe) as FileHandle
await probe.close()
const { datasync } = prototype
prototype.datasync = async function () {
  if (existsSync(`${path}-fails`)) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  await datasync.call(this)
}
