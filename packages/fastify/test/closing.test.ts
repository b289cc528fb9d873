import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { closingApp } from './fixtures/closing-app.js'
import { folder } from './fixtures/folder.js'
import { PROTOCOLS, certificate } from './fixtures/protocols.js'
import { STALLED, opened } from './fixtures/stalled-peers.js'

/** Far more than closing takes, and far less than any time-out of Node or Fastify. */
const SOON = 15_000
const tls = await certificate(t)
const directory = await folder(t)
let snapshots = 0

async function soon<T> (work: Promise<T>): Promise<T | 'late'> {
  return await Promise.race([work, new Promise<'late'>(resolve => { setTimeout(resolve, SOON, 'late').unref() })])
}

for (const protocol of PROTOCOLS) {
  for (const [name, stall] of Object.entries(STALLED[protocol])) {
    t.test(`${protocol}: ${name} does not hold up the end`, async t => {
      const path = join(directory, `${++snapshots}`)
      const app = await closingApp(protocol, tls, path)
      const { port } = app.server.address() as AddressInfo
      const session = await opened({ protocol, port })
      const peer = await stall({ protocol, port, session })
      t.teardown(() => { peer.destroy() })
      // By now, what it sent has been read.
      await opened({ protocol, port })
      t.not(await soon(app.close()), 'late')
      t.ok((await stat(path)).size > 0, 'the snapshot is written')
    })
  }

  t.test(`${protocol}: a process with peers of every kind ends at SIGTERM`, async t => {
    const path = join(directory, `${++snapshots}`)
    const fixture = fileURLToPath(new URL('fixtures/closing-process.ts', import.meta.url))
    const child = spawn(process.execPath, [...process.execArgv, fixture, protocol, path, JSON.stringify(tls)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    t.teardown(async () => { child.kill('SIGKILL'); await exited })
    const [line] = await once(createInterface(child.stdout), 'line')
    const port = Number(line)
    const session = await opened({ protocol, port })
    for (const stall of Object.values(STALLED[protocol])) {
      const peer = await stall({ protocol, port, session })
      t.teardown(() => { (peer as Socket).destroy() })
    }
    await opened({ protocol, port })
    child.kill('SIGTERM')
    t.strictSame(await soon(exited), [0, null])
    t.ok((await stat(path)).size > 0, 'the snapshot is written')
  })
}
