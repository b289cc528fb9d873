import { spawnSync } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Keyring } from '@holdfast/fastify'
import { readEnvironment } from '@holdfast/reference-server/environment'
import t, { type Test } from 'tap'
import { text, yaml } from './fixtures/files.js'
import { interpolated } from './fixtures/interpolated.js'

const readme = await text('README.md')
const lines = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.split('\n'))

/** What a file has in it that the line of the README which names it has made. */
async function made (t: Test, name: string): Promise<Record<string, string>> {
  const folder = t.testdir({})
  const line = lines.find(line => line.endsWith(`> ${name})`)) ?? ''
  const { status } = spawnSync('sh', ['-c', line], { cwd: folder })
  t.equal(status, 0)
  const file = join(folder, name)
  t.equal((await stat(file)).mode & 0o777, 0o600, 'nobody else may read it')
  t.match(await readFile(new URL('../../../.gitignore', import.meta.url), 'utf8'), /^\*\.env$/m)
  t.match(await text('Dockerfile.dockerignore'), /^\*\*\/\*\.env$/m)
  return parseEnv(await readFile(file, 'utf8')) as Record<string, string>
}

t.test('the secrets for Compose, as it says they are made, are what the servers need', async t => {
  const secrets = await made(t, '.env')
  const { services } = await yaml('compose.yaml')
  const { keys } = readEnvironment(interpolated(services['server-1'].environment, secrets)).options
  t.strictSame((keys as Keyring).ids, [{ id: 'k1', state: 'active' }])
})

t.test('the Secret for Kubernetes, as it says it is made, has what the example has', async t => {
  const secrets = await made(t, 'holdfast.env')
  t.strictSame(Object.keys(secrets), Object.keys((await yaml('kubernetes/secret.example.yaml')).stringData))
  t.match(readEnvironment({ HOLDFAST_BACKEND: 'redis', ...secrets }).options.keys, { ids: [{ id: 'k1' }] })
})

t.test('the commands name services and files that are there', async t => {
  const { services } = await yaml('compose.yaml')
  const replaced = lines.flatMap(line => /^docker compose up -d --no-deps --wait (\S+)$/.exec(line)?.[1] ?? [])
  t.strictSame(replaced, Object.keys(services).filter(name => name.startsWith('server-')))
  for (const [path] of lines.join('\n').matchAll(/examples\/[\w/.]+/g)) {
    t.ok(await stat(new URL(`../../../${path}`, import.meta.url)), path)
  }
})
