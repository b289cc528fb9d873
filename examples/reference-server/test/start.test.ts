import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startChildServer } from '../dist/child-server.js'
import type { Stage } from '../dist/stage.js'
import { STORY } from '../dist/story.js'

const START = fileURLToPath(new URL('../dist/start.js', import.meta.url))

t.test('--once plays the whole story and ends with code 0', async t => {
  const { code, output, errors } = await run(['--once'], { PORT: 'not even looked at' })
  t.equal(errors, '')
  t.equal(code, 0)
  t.equal(output.match(/^ {2}✓ /gm)?.length, Object.keys(STORY).length)
  t.match(output, /activated: true/)
  t.match(output, /kill -9/)
  const withoutDigests = output.replaceAll(/"(?:owner|by)":"[\w-]{43}"/g, '') // of owners, in lines of the audit
  t.notMatch(withoutDigests, /[\w-]{32}/, 'no session id, no token')
})

t.test('a server that does not start ends it with code 1 and says why', async t => {
  const sabotage = 'if (process.argv[1]?.endsWith("server.js")) throw new Error("sabotaged")'
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(sabotage)}`
  const { code, errors } = await run(['--once'], { NODE_OPTIONS })
  t.equal(code, 1)
  t.match(errors, /✗ the server did not start: [^]*sabotaged[^]*The self-check failed/)
})

t.test('interrupted in the middle of the story, it leaves no server behind', async t => {
  const child = start([], {})
  const exited = once(child, 'close')
  const address = await printed(child, /^A server listens on (\S+) /m)
  child.kill('SIGTERM')
  t.strictSame(await exited, [1, null])
  const answers = async (): Promise<boolean> => await fetch(address, { method: 'DELETE' }).then(() => true, () => false)
  while (await answers());
  t.pass('nobody listens there any more')
})

t.test('without --once it goes on serving with the user\'s own settings until it is stopped', async t => {
  const HOLDFAST_SQLITE = join(t.testdir({}), 'own', 'sessions.db')
  const child = start([], { PORT: '0', HOLDFAST_SQLITE, HOLDFAST_DEMO_TOKENS: 'mine:my-own-token' })
  const exited = once(child, 'close')
  const address = await printed(child, /^listening on (\S+)\n/m)
  t.equal((await fetch(address, { method: 'DELETE' })).status, 401, 'asks for the token of its own')
  t.equal((await fetch(address, { method: 'DELETE', headers: { authorization: 'Bearer my-own-token' } })).status, 400)
  child.kill('SIGINT')
  t.strictSame(await exited, [0, null])
  t.ok(existsSync(HOLDFAST_SQLITE))
})

t.test('the story fails where a session does not come back', async t => {
  const tokens = { 'tenant-a': 'token-a', 'tenant-b': 'token-b' }
  const server = await startChildServer({
    HOLDFAST_BACKEND: 'memory', HOLDFAST_MAX_LIVE: '100', HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a,tenant-b:token-b'
  })
  const stage: Stage = {
    server, restart: async () => {}, folder: '', keys: '', tokens, apiKeys: new Map(), cast: new Map()
  }
  t.teardown(async () => {
    for (const client of stage.cast.values()) await client.close()
    await server.stop()
  })
  const failed = await (async () => {
    for (const [must, play] of Object.entries(STORY)) {
      try { await play(stage) } catch { return must }
    }
  })()
  t.equal(failed, 'a dormant session comes back')
})

function start (args: string[], environment: Record<string, string>) {
  return spawn(process.execPath, [START, ...args], {
    env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe']
  })
}

/** What the pattern finds in the output, as soon as it is there. */
async function printed (child: ReturnType<typeof start>, pattern: RegExp): Promise<string> {
  let text = ''
  return await new Promise((resolve, reject) => {
    const output = child.stdout.setEncoding('utf8')
    output.on('close', () => reject(new Error(`${String(pattern)} is not in: ${text}`))).on('data', chunk => {
      text += String(chunk)
      const found = pattern.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
}

async function run (args: string[], environment: Record<string, string>) {
  const child = start(args, environment)
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  const [code] = await once(child, 'close')
  return { code, output, errors }
}
