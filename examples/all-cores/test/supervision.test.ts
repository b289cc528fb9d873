import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { count, open } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/fastify'
import { startChildServer } from '@holdfast/reference-server/child-server'
import t from 'tap'
import { Cores } from '../dist/cores.js'

const ENTRY = new URL('../dist/server.js', import.meta.url)

t.test('a worker that cannot start is tried again and again, while the others serve', async t => {
  const cores = await Cores.start()
  t.teardown(async () => { await cores.clear() })
  const session = await open(cores.url)
  const [victim] = cores.workers as [number]
  const { length } = cores.workers
  const lines = createInterface({ input: cores.primary.stderr as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const ended = async (): Promise<string> => {
    let line
    do line = (await lines.next()).value as string; while (!line.startsWith('worker '))
    return line
  }

  await chmod(cores.folder, 0o755) // The backend refuses a folder that others may read.
  process.kill(victim, 'SIGKILL')
  t.equal(await ended(), `worker ${victim} ended: SIGKILL`)
  for (let attempt = 1; attempt <= 2; attempt++) {
    t.match(await ended(), /^worker \d+ ended: 1$/)
    t.equal(await count(cores.url, session), attempt)
  }
  t.equal(cores.workers.length, length, 'no other worker listens')

  await chmod(cores.folder, 0o700)
  while (cores.workers.length === length) await once(cores.primary.stdout as NodeJS.ReadableStream, 'data')
  t.equal(await count(cores.url, session), 3, 'the next attempt works')
  t.equal(await cores.stop(), 0, 'and what had failed is no failure of the end')
})

t.test('a server whose workers cannot start at all ends, and says why', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  t.teardown(async () => { await rm(folder, { recursive: true }) })
  const path = join(folder, 'sessions.db')
  await t.rejects(startChildServer({ HOLDFAST_SQLITE: path }, ENTRY), /HOLDFAST_KEYS/)
  await t.rejects(startChildServer({ HOLDFAST_KEYS: generateKey() }, ENTRY), /path/)
})

t.test('Ctrl-C, which reaches the primary and all workers at once, ends them with code 0', async t => {
  const cores = await Cores.start()
  t.teardown(async () => { await cores.clear() })
  await count(cores.url, await open(cores.url))
  const exited = once(cores.primary, 'exit')
  for (const pid of [...cores.workers, cores.primary.pid as number]) process.kill(pid, 'SIGINT')
  t.strictSame(await exited, [0, null])
  for (const pid of cores.workers) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'no worker is left')
  t.notMatch(cores.log(), /ended/)
})
