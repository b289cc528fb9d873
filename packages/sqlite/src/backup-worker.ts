import { findDriver } from './driver.js'
import { openToRead } from './reader.js'
import { answer } from './thread.js'

answer(({ path, copy }: { path: string, copy: string }) => {
  const source = openToRead(path)
  try {
    source.prepare('VACUUM INTO ?').run(copy)
  } finally {
    source.close()
  }
  detach(copy)
})

/** A server on the copy must not send its messages to the servers of the original. */
function detach (copy: string): void {
  const handle = new (findDriver().DatabaseSync)(copy)
  try {
    handle.exec(`
      PRAGMA journal_mode = MEMORY;
      BEGIN;
      DELETE FROM listeners;
      DELETE FROM replicas;
      UPDATE facts SET value = hex(randomblob(16)) WHERE name = 'token';
      COMMIT;
    `)
  } finally {
    handle.close()
  }
}
