import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { RedisServer, freePort } from '@holdfast/real-redis'
import t, { type Test } from 'tap'
import { type Newcomer, newcomer } from './fixtures/newcomer.js'
import { commands, page as read } from './fixtures/pages.js'

const page = await read('getting-started')
const [factory = '', inMemory = '', inFile = '', inRedis = ''] =
  [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)
const [install = '', start = '', client = '', key = '', installSqlite = '', installRedis = ''] = commands(page)
/** The files that the page names in the first line of each, with what is in them. */
const files: Record<string, string> = Object.fromEntries([factory, inMemory].map(code =>
  [/^\/\/ (\S+)$/m.exec(code)?.[1], code]))
const [, PROGRAM = ''] = Object.keys(files)

/** The program of the page with the lines of a later step in the place of its own. */
function changed (step: string): string {
  const imports = step.replace(/^\/\/.*\n/, '').match(/^import .*$/gm)?.join('\n')
  const registration = step.replaceAll(/^(\/\/|import ).*\n/gm, '').trim()
  return inMemory.replace("import holdfast from '@holdfast/fastify'", imports ?? '')
    .replace(/^await app\.register.*$/m, registration)
}

interface Running {
  stop: () => Promise<number | null>
  /** SIGKILL. */
  kill: () => Promise<void>
}

/** Starts a program with the page's command, and resolves when it listens. */
async function run (folder: string, program: string, given: Record<string, string>): Promise<Running> {
  await writeFile(join(folder, PROGRAM), program)
  const [command, ...args] = start.trim().split(' ')
  t.equal(command, 'node')
  const env = { ...process.env, NODE_OPTIONS: '', ...given }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const lines = createInterface({ input: child.stdout })
  await new Promise<void>((resolve, reject) => {
    lines.on('line', line => { if (line.includes('Server listening at')) resolve() })
    child.once('exit', () => { reject(new Error('the server has ended')) })
  })
  return {
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
    kill: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
  }
}

/** What a client in a shell prints, with the functions of the page, and afterwards its session's id. */
async function shell (port: number, script: string): Promise<{ notes: string[], id: string }> {
  const all = `${script}\necho "$ID"`.replace('http://127.0.0.1:3000', `http://127.0.0.1:${port}`)
  const { stdout } = await promisify(execFile)('sh', ['-euc', all])
  const lines = stdout.trim().split('\n')
  const id = lines.pop() ?? ''
  return { notes: lines.map(line => JSON.parse(line).result.content[0].text), id }
}

/** The keys that the page's commands make in a folder. */
async function keysFor (folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-euc', `${key}printf %s "$HOLDFAST_KEYS"`], { cwd: folder })
  return stdout
}

const first = await newcomer(t)
await first.shell(install)
for (const [name, code] of Object.entries(files)) await writeFile(join(first.folder, name), code)

/** A new folder in which somebody has done what the page says, up to its first program. */
async function begun (t: Test): Promise<Newcomer> {
  const beginner = await newcomer(t)
  await cp(first.folder, beginner.folder, { recursive: true, verbatimSymlinks: true })
  return beginner
}

/** Another note of a session that is there. */
const again = (id: string, text: string): string =>
  client.replace(/^ID=.*\n(?:note .*\n)*/m, `ID=${id}\nnote ${text}\n`)

for (const type of ['commonjs', 'module']) {
  t.test(`the first command, where package.json says ${type}`, async t => {
    const { folder } = await begun(t)
    const manifest = join(folder, 'package.json')
    await writeFile(manifest, JSON.stringify({ ...JSON.parse(await readFile(manifest, 'utf8')), type }))
    const server = await run(folder, inMemory, { PORT: '0' })
    t.equal(await server.stop(), 0)
  })
}

t.test('the first program of the README', async t => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8')
  const [, program = ''] = /^```js\n(.*?)^```$/ms.exec(readme) ?? []
  const { folder, shell } = await newcomer(t)
  await shell(`npm init -y\n${commands(readme)[0] ?? ''}`)
  t.equal(`// ${PROGRAM}, and then: ${start.trim()}`, program.split('\n')[0])
  const logging = program.replace('Fastify()', 'Fastify({ logger: true })').replace('port: 3000', 'port: 0')
  const server = await run(folder, logging, {})
  await server.stop()
})

t.test('the first two steps: a session in memory, and one that outlives its process', async t => {
  const { folder: place, shell: type } = await begun(t)
  const port = await freePort()
  const first = await run(place, inMemory, { PORT: `${port}` })
  const { notes } = await shell(port, client)
  t.strictSame(notes, ['1: one', '2: one, two'])
  t.equal(await first.stop(), 0)

  const keys = await keysFor(place)
  t.equal(await keysFor(place), keys, 'the page does not make another key')
  await type(installSqlite)
  const durable = changed(inFile)
  const env = { PORT: `${port}`, HOLDFAST_KEYS: keys }
  const second = await run(place, durable, env)
  const { id } = await shell(port, client)
  await second.kill()
  const third = await run(place, durable, env)
  t.strictSame((await shell(port, again(id, 'three'))).notes, ['3: one, two, three'])
  const beside = await freePort()
  const fourth = await run(place, durable, { ...env, PORT: `${beside}` })
  t.strictSame((await shell(beside, again(id, 'four'))).notes, ['4: one, two, three, four'])
  t.strictSame([await third.stop(), await fourth.stop()], [0, 0])
})

t.test('the last step: two processes on one Redis', async t => {
  const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
  t.teardown(async () => { await redis.stop() })
  const [a, b] = [await freePort(), await freePort()]
  const program = changed(inRedis).replace("delay: '5s'", "delay: '100ms'")
  const { folder: place, shell: type } = await begun(t)
  const env = { REDIS_URL: redis.url, HOLDFAST_KEYS: await keysFor(place) }
  await type(installRedis)
  const one = await run(place, program, { ...env, PORT: `${a}` })
  const two = await run(place, program, { ...env, PORT: `${b}` })
  const { id } = await shell(a, client)
  t.strictSame((await shell(b, again(id, 'three'))).notes, ['3: one, two, three'])
  t.equal((await fetch(`http://127.0.0.1:${b}/health/ready`)).status, 200)
  t.strictSame([await one.stop(), await two.stop()], [0, 0])
})
