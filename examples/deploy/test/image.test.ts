import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { count, open } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/fastify'
import { RedisServer, freePort } from '@holdfast/real-redis'
import { readEnvironment } from '@holdfast/reference-server/environment'
import { withStorage } from '@holdfast/reference-server/storage-defaults'
import t from 'tap'
import { builtImage } from './fixtures/built-image.js'
import { imageEnvironment, stages, the } from './fixtures/dockerfile.js'

const [, image = []] = await stages()
const app = await builtImage(t)
const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
t.teardown(async () => { await redis.stop() })
const PORT = String(await freePort())
const environment = {
  PATH: process.env.PATH,
  ...await imageEnvironment(),
  HOST: '127.0.0.1',
  PORT,
  HOLDFAST_BACKEND: 'redis',
  REDIS_URL: redis.url,
  HOLDFAST_KEYS: generateKey()
}
const healthcheck: string[] = JSON.parse(the('HEALTHCHECK', image).replace(/^.* CMD /, ''))

/** The exit code of what the image runs to learn how it is. */
async function health (which: string): Promise<number> {
  const [command = '', file = ''] = healthcheck
  const [code] = await once(spawn(command, [file, which], { cwd: app, env: environment, stdio: 'ignore' }), 'exit')
  return code
}

/** What CMD says, run as it would be by a container whose file system is read-only. Resolves when it listens. */
async function started (): Promise<ChildProcess> {
  const [command, ...args]: string[] = JSON.parse(the('CMD', image))
  const isStable = process.allowedNodeEnvironmentFlags.has('--permission')
  const permission = isStable ? '--permission' : '--experimental-permission'
  // tap puts a module of its own into every Node that a test starts, and that one writes.
  const withoutTap = ['-u', 'NODE_OPTIONS', command as string, permission, '--allow-fs-read=*', ...args]
  const child = spawn('env', withoutTap, { cwd: app, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  t.teardown(() => { child.kill('SIGKILL') })
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')])
  t.match(line, /^listening on /, said)
  return child
}

t.test('it is built in one stage and run in another, by a user without rights, with a Node of even number', async t => {
  t.equal((await stages()).length, 2)
  t.equal(the('USER', image), 'node')
  for (const [from] of await stages()) t.match(from, { name: 'FROM', rest: /^node:\d*[02468]-bookworm-slim\b/ })
})

t.test('it listens for everybody who reaches it, and answers to loopback names until it is told others', async t => {
  t.match(await imageEnvironment(), { HOST: '0.0.0.0', HOLDFAST_ALLOWED_HOSTS: '127.0.0.1,localhost' })
})

t.test('by itself it keeps sessions in memory, so it starts without keys', async t => {
  const environment = await withStorage(await imageEnvironment())
  t.strictSame(readEnvironment(environment).storage, { backend: 'memory' })
})

t.test('its steps use the pnpm of the repository', async t => {
  const { packageManager } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
  const [build = []] = await stages()
  const used = build.flatMap(({ rest }) => rest.match(/pnpm@[\d.]+/g) ?? [])
  t.strictSame(new Set(used), new Set([packageManager]))
})

t.test('it has what runs, and nothing that builds or tests', async t => {
  const others = (await readdir(app)).filter(name => !/^(package\.json|pnpm-.*\.yaml|README\.md)$/.test(name))
  t.strictSame(others.sort(), ['dist', 'healthcheck.js', 'node_modules'])
  const installed = (await readdir(join(app, 'node_modules/.pnpm'))).map(name => name.replace(/(?<=.)@.*$/, ''))
  t.ok(installed.includes('fastify') && installed.includes('ioredis'))
  const tools = /^(tap|typescript|eslint|publint|@tapjs.*|@modelcontextprotocol\+conformance)$/
  t.strictSame(installed.filter(name => tools.test(name)), [])
})

t.test('its health checks tell how it is, and it needs to write nothing', async t => {
  t.equal(await health('live'), 1, 'nobody is there')
  const server = await started()
  const url = new URL(`http://127.0.0.1:${PORT}/mcp`)
  const session = await open(url)
  t.equal(await count(url, session), 1)
  t.equal(healthcheck.at(-1), 'live')
  t.strictSame([await health('live'), await health('ready')], [0, 0])
  await redis.kill()
  t.strictSame([await health('live'), await health('ready')], [0, 1])
  await redis.run()
  while (await health('ready') !== 0);
  t.equal(await count(url, session), 2)
  const exited = once(server, 'exit')
  server.kill('SIGTERM')
  t.strictSame(await exited, [0, null])
})
