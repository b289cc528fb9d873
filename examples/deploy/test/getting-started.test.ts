import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { RedisServer, freePort } from '@holdfast/real-redis'
import t, { type Test } from 'tap'

const page = await readFile(new URL('../../../docs/getting-started.md', import.meta.url), 'utf8')
const [factory = '', inMemory = '', withSnapshot = '', inRedis = ''] = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)
const [, client = '', key = ''] = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code]) => code as string)

/** The program of the page with the lines of a later step in the place of its own. */
function changed (step: string): string {
  const [imports, registration = ''] = [step.replace(/^\/\/.*\n/, '').match(/^import .*$/gm)?.join('\n'), step.replaceAll(/^(\/\/|import ).*\n/gm, '').trim()]
  return inMemory.replace("import holdfast from '@holdfast/fastify'", imports ?? '').replace(/^await app\.register.*$/m, registration)
}

/** Runs a program beside mcp-server.js until it is stopped. */
async function run (folder: string, program: string, env: Record<string, string>): Promise<{ stop: () => Promise<number | null> }> {
  await writeFile(join(folder, 'server.mjs'), program.replace('./mcp-server.js', './mcp-server.mjs'))
  const child = spawn(process.execPath, ['server.mjs'], { cwd: folder, env: { ...process.env, NODE_OPTIONS: '', ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
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
    }
  }
}

/** What a client in a shell prints, with the functions of the page, and afterwards its session's id. */
async function shell (port: number, script: string): Promise<{ notes: string[], id: string }> {
  const { stdout } = await promisify(execFile)('sh', ['-euc', `${script}\necho "$ID"`.replace('http://127.0.0.1:3000', `http://127.0.0.1:${port}`)])
  const lines = stdout.trim().split('\n')
  const id = lines.pop() ?? ''
  return { notes: lines.map(line => JSON.parse(line).result.content[0].text), id }
}

async function folder (t: Test): Promise<string> {
  return t.testdir({ 'mcp-server.mjs': factory })
}

/** Another note of a session that is there. */
const again = (id: string, text: string): string => client.replace(/^ID=.*\n(?:note .*\n)*/m, `ID=${id}\nnote ${text}\n`)

t.test('the first two steps: a session in memory, and one that outlives its process', async t => {
  const place = await folder(t)
  const port = await freePort()
  const first = await run(place, inMemory, { PORT: `${port}` })
  const { notes } = await shell(port, client)
  t.strictSame(notes, ['1: one', '2: one, two'])
  t.equal(await first.stop(), 0)

  const { stdout: keys } = await promisify(execFile)('sh', ['-euc', `${key}printf %s "$HOLDFAST_KEYS"`])
  const durable = changed(withSnapshot)
  const env = { PORT: `${port}`, HOLDFAST_KEYS: keys }
  const second = await run(place, durable, env)
  const { id } = await shell(port, client)
  t.equal(await second.stop(), 0)
  const third = await run(place, durable, env)
  t.strictSame((await shell(port, again(id, 'three'))).notes, ['3: one, two, three'])
  t.equal(await third.stop(), 0)
})

t.test('the last step: two processes on one Redis', async t => {
  const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
  t.teardown(async () => { await redis.stop() })
  const { stdout: keys } = await promisify(execFile)('sh', ['-euc', `${key}printf %s "$HOLDFAST_KEYS"`])
  const [a, b] = [await freePort(), await freePort()]
  const program = changed(inRedis).replace("drainDelay: '5s'", "drainDelay: '100ms'")
  const env = { REDIS_URL: redis.url, HOLDFAST_KEYS: keys }
  const place = await folder(t)
  const one = await run(place, program, { ...env, PORT: `${a}` })
  const two = await run(place, program, { ...env, PORT: `${b}` })
  const { id } = await shell(a, client)
  t.strictSame((await shell(b, again(id, 'three'))).notes, ['3: one, two, three'])
  t.equal((await fetch(`http://127.0.0.1:${b}/health/ready`)).status, 200)
  t.strictSame([await one.stop(), await two.stop()], [0, 0])
})
