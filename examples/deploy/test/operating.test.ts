import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { count, open } from '@holdfast/clients/by-hand'
import { ERROR_CODES } from '@holdfast/core'
import { AUDIT_EVENTS, generateKey } from '@holdfast/fastify'
import { RedisServer } from '@holdfast/real-redis'
import { REDIS_ERRORS, REDIS_RISKS } from '@holdfast/redis'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { VARIABLES } from '@holdfast/reference-server/variables'
import t, { type Test } from 'tap'
import { commands, execute, page } from './fixtures/pages.js'

const PAGES = ['operations', 'troubleshooting', 'upgrading']
const TOKEN = 'a-token-of-the-operator'
const CLI = fileURLToPath(new URL('../../../packages/cli/dist/bin.js', import.meta.url))
const keys = generateKey()

interface Operated {
  url: URL
  log: () => string
  /** What the commands of the pages need to know of it. */
  env: Record<string, string>
}

/** A server with admin routes: in memory, on a Redis of its own, or on a file. */
async function operated (t: Test, backend: 'memory' | 'redis' | 'sqlite', file = ''): Promise<Operated> {
  const where: Record<string, string> = {}
  if (backend === 'sqlite') where.HOLDFAST_SQLITE = file
  if (backend === 'redis') {
    const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
    t.teardown(async () => { await redis.stop() })
    where.REDIS_URL = redis.url
  }
  const server = await startChildServer({
    ...where,
    HOLDFAST_BACKEND: backend,
    HOLDFAST_KEYS: keys,
    HOLDFAST_ADMIN_TOKEN: TOKEN,
    HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a'
  })
  t.teardown(async () => { await server.kill() })
  const env = {
    URL: server.url.origin,
    AUTH: `authorization: Bearer ${TOKEN}`,
    CLIENT: 'authorization: Bearer token-a',
    HOLDFAST_KEYS: keys,
    ...where
  }
  return { url: server.url, log: server.log, env }
}

t.test('every command of the pages runs as it stands', async t => {
  const { url, log, env } = await operated(t, 'redis')
  const session = await open(url, { authorization: 'Bearer token-a' })
  const cwd = await withCommandLine(t, env)
  const printed: Record<string, string[]> = {}
  for (const name of PAGES) {
    printed[name] = []
    const ofRedis = commands(await page(name)).filter(command => !isOfFile(command))
    for (const command of ofRedis) printed[name].push(await execute(command, cwd, env))
  }
  const [memory, doctor, ready, fleet, rotated, exported, restored, commandLine] = printed.operations ?? []
  t.match(doctor, /redis policy[^]*sessions/)
  t.match(rotated, /\S/)
  t.match(commandLine, /snapshot/)
  t.match(memory, /maxmemory_policy:noeviction[^]*aof_enabled:1[^]*evicted_keys:0/)
  t.match(JSON.parse(ready ?? ''), { status: 'ready' })
  t.match(JSON.parse(fleet ?? ''), { replicas: [{ versions: { holdfast: String, node: process.versions.node } }] })
  t.equal(exported, 'complete\n')
  t.match(JSON.parse(restored ?? ''), { restored: 0, duplicate: 1 })
  const [first, readable, info, page20, stream] = printed.troubleshooting ?? []
  t.match(first, /ready[^]*"sessions":\[\{[^]*"replicas"/)
  t.match(JSON.parse(readable ?? ''), { sessions: [{ readable: true }] })
  t.match(info, /^PONG[^]*aof_enabled:1/)
  t.match(JSON.parse(page20 ?? ''), { sessions: [] }, 'nothing was idle for so long')
  t.match(stream, /^HTTP\/1\.1 200 OK\r\n[^]*text\/event-stream[^]*\r\n\r\n[^]*id: /)
  t.equal(await count(url, session), 1)
  t.equal(log(), '')
})

t.test('the commands for a file run, and a server on a restored backup has its sessions', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  t.teardown(async () => { await rm(folder, { recursive: true, force: true }) })
  const server = await operated(t, 'sqlite', join(folder, 'sessions', 'sessions.db'))
  const session = await open(server.url, { authorization: 'Bearer token-a' })
  await count(server.url, session, 4)
  const cwd = await withCommandLine(t, server.env)
  const [backup = '', doctor = ''] = commands(await page('operations')).filter(isOfFile)
    .map(command => command.replaceAll(/\/(backups|restored)\//g, `${folder}/$1/`))
  for (const name of ['backups', 'restored']) await mkdir(join(folder, name), { mode: 0o700 })
  await execute(backup, cwd, server.env)
  const [copy = ''] = await readdir(join(folder, 'backups'))
  const restored = join(folder, 'restored', 'sessions.db')
  await copyFile(join(folder, 'backups', copy), restored)
  const { HOLDFAST_SQLITE: _, ...env } = server.env
  t.match(await execute(doctor, cwd, env), /sessions/)
  t.equal(await count((await operated(t, 'sqlite', restored)).url, session), 5)
})

t.test('a backup of a server in memory goes into one on Redis, and its sessions go on', async t => {
  const [one, other] = [await operated(t, 'memory'), await operated(t, 'redis')]
  const session = await open(one.url, { authorization: 'Bearer token-a' })
  await count(one.url, session, 4)
  const cwd = t.testdir({})
  const [backup = '', restore = ''] = commands(await page('operations'))
    .filter(command => command.includes('sessions.ndjson'))
  t.equal(await execute(backup, cwd, one.env), 'complete\n')
  t.match(JSON.parse(await execute(restore, cwd, other.env)), { restored: 1, invalid: [] })
  t.equal(await count(other.url, session), 5)
})

t.test('what the pages call by a name has that name', async t => {
  const names = new Set([
    ...Object.keys(ERROR_CODES), ...Object.keys(REDIS_ERRORS), ...Object.keys(REDIS_RISKS),
    ...VARIABLES.map(({ name }) => name),
    'HOLDFAST_', 'HOLDFAST_PORT', 'REDIS_URL'
  ])
  for (const name of [...PAGES, 'getting-started']) {
    const text = await page(name)
    for (const [word] of text.matchAll(/\b(?:HOLDFAST|REDIS)_\w*/g)) t.ok(names.has(word), `${name}: ${word}`)
  }
  const troubleshooting = await page('troubleshooting')
  const events = [
    'session_restore_failed', 'session_expired', 'session_created', 'decrypt_failed', 'backend_down',
    'max_sessions_reached', 'session_terminated', 'admin_request'
  ]
  for (const event of events) {
    t.ok(troubleshooting.includes(event) && event in AUDIT_EVENTS, event)
  }
  for (const code of Object.keys(REDIS_RISKS)) t.ok(troubleshooting.includes(`| \`${code}\` |`), code)
})

t.test('messages that the pages quote are those of the code', async t => {
  const packages = ['core', 'fastify', 'transport', 'modern', 'envelope', 'env', 'sqlite']
    .map(name => `packages/${name}/src/`)
  const folders = [...packages, 'examples/reference-server/src/']
  const sources = await Promise.all(folders.map(async folder =>
    await everything(new URL(`../../../${folder}`, import.meta.url))))
  const source = sources.join('\n')
  const text = await page('troubleshooting')
  const quoted = [...text.matchAll(/^\|[^|\n]*`([A-Za-z][^`\n.]* [^`\n]*)`[^|\n]*\|/gm)]
    .map(([, message]) => message as string)
  t.ok(quoted.length > 12)
  for (const message of quoted) {
    const [, said = message] = /^HOLDFAST_.*: (.*)$/.exec(message) ?? []
    t.ok(source.includes(said), message)
  }
})

/** Whether a command of the pages is for sessions in a file. The others are for Redis, or for a server. */
function isOfFile (command: string): boolean {
  return /holdfast backup|--sqlite/.test(command)
}

/** A folder in which `holdfast` is the command line, also for a shell with these variables. */
async function withCommandLine (t: Test, env: Record<string, string>): Promise<string> {
  const cwd = t.testdir({ holdfast: `#!/bin/sh\nexec node ${CLI} "$@"\n` })
  await chmod(`${cwd}/holdfast`, 0o700)
  env.PATH = `${cwd}:${process.env.PATH}`
  return cwd
}

/** The text of all files in a folder. */
async function everything (folder: URL): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter(entry => entry.isFile())
  const texts = await Promise.all(files.map(async entry =>
    await readFile(`${entry.parentPath}/${entry.name}`, 'utf8')))
  return texts.join('\n')
}
