import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../raw-file.js'
import type { Scenario } from '../scenario.js'

const PROGRAM = fileURLToPath(new URL('../disk-program.js', import.meta.url))

export const sqliteDisk: Scenario = {
  promise: 'on a disk that is full, refuses syncs or is read-only, no session is unknown and no acknowledged write ' +
    'is lost; once the disk is well, all works again without a restart',
  figures: '60 sessions on each; a disk that thousands of sessions fill',
  deadline: 15,
  run: async trial => {
    // Mounts of its own, which end with it. Without root, a user of its own may mount.
    const own = process.getuid?.() === 0 ? '-m' : '-Urm'
    const child = spawn('unshare', [own, process.execPath, PROGRAM, await makeFolder(), String(trial.volume(60, 12))], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    const found: string[] = []
    child.on('message', line => {
      found.push(String(line))
      trial.tell(String(line))
    })
    const [code] = await once(child, 'close')
    assert.equal(code, 0, 'the program on bad disks failed: see above')
    return found.join('; ')
  }
}
