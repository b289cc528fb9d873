import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { callTool, connect } from './fixtures/connect.js'

const page = await readFile(new URL('../../../docs/commonjs.md', import.meta.url), 'utf8')
const [program = '', start = ''] = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

/** Runs a program as CommonJS, uses its endpoint, and lets SIGTERM end it. */
async function serves (t: Test, source: string): Promise<void> {
  const directory = t.testdir({ 'server.cjs': source })
  const env = { ...process.env, PORT: '0', NODE_OPTIONS: '' }
  const child = spawn(process.execPath, [join(directory, 'server.cjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const exited = once(child, 'exit')
  const [address] = await once(createInterface(child.stdout), 'line')
  const { client } = await connect(t, new URL('/mcp', address))
  t.equal(await callTool(client, 'add', { by: 2 }), 2)
  t.equal(await callTool(client, 'add'), 3)
  await client.close()
  child.kill('SIGTERM')
  t.strictSame(await exited, [0, null])
}

t.test('the program of the page about CommonJS runs as it stands', async t => {
  t.match(program, /^\/\/ server\.cjs\n/)
  t.notMatch(program, /\bimport .* from\b|\bimport \(|await import\(/)
  await serves(t, program)
})

t.test('so it does with import() in place of require', async t => {
  const [own = ''] = /^async function start .*?^}$/ms.exec(program) ?? []
  const [other = ''] = /^async function start .*?^}$/ms.exec(start) ?? []
  const signals = /^ {2}for .*?^ {2}}\n/ms.exec(own)?.[0] ?? ''
  const source = program.replace(/^const { holdfast } = .*\n/m, '').replace(own, other.replace(/}$/, `${signals}}`))
  t.notMatch(source, "require('@holdfast/fastify')")
  await serves(t, source)
})
