import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startChildServer } from './child-server.js'
import { demoKeys } from './demo-keys.js'
import type { Stage } from './stage.js'
import { STORY } from './story.js'

const KEYS = fileURLToPath(new URL('../../../.holdfast/keys', import.meta.url))

/**
 * Starts a server of its own, plays the story against it and stops it.
 *
 * @param tell receives one line at a time
 * @throws Error a step did not go as it should
 */
export async function selfCheck (tell: (line: string) => void): Promise<void> {
  const { keys, generated } = await demoKeys(KEYS)
  const origin = generated ? 'Generated the keys of this demonstration, into' : 'The keys of this demonstration are in'
  tell(`${origin} .holdfast/keys: mode 0600, ignored by git.
In production HOLDFAST_KEYS comes from a secret store.`)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  const clear = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', clear)
  try {
    await play(keys, join(folder, 'sessions'), tell)
  } finally {
    process.off('exit', clear)
    clear()
  }
}

async function play (keys: string, snapshot: string, tell: (line: string) => void): Promise<void> {
  const tokens = { 'tenant-a': randomToken(), 'tenant-b': randomToken() }
  const environment = {
    HOLDFAST_KEYS: keys,
    HOLDFAST_SNAPSHOT: snapshot,
    HOLDFAST_MAX_LIVE: '2',
    HOLDFAST_DEMO_TOKENS: Object.entries(tokens).map(entry => entry.join(':')).join()
  }
  const stage: Stage = {
    server: await startChildServer(environment),
    restart: async () => {
      tellLog(stage, tell)
      stage.server = await startChildServer({ ...environment, PORT: stage.server.url.port })
    },
    keys,
    snapshot,
    tokens,
    apiKeys: new Map(),
    cast: new Map()
  }
  const { href } = stage.server.url
  tell(`A server listens on ${href} and keeps at most 2 sessions live; each of two tenants has a token.\n`)
  let code
  try {
    for (const [must, step] of Object.entries(STORY)) tell(`  ✓ ${await step(stage).catch(failing(must))}`)
  } finally {
    for (const client of stage.cast.values()) await client.close()
    code = await stage.server.stop()
    tellLog(stage, tell)
  }
  assert.equal(code, 0, `the server should have exited with code 0 when asked to stop; it was ${code}`)
  tell('\nThe server was asked to stop and did. All is as it should be.')
}

function tellLog ({ server }: Stage, tell: (line: string) => void): void {
  if (server.log() !== '') tell(`\nIts log:\n${server.log()}`)
}

function failing (must: string): (error: Error) => never {
  return error => { throw new Error(`${must}: ${error.message}`, { cause: error }) }
}

function randomToken (): string {
  return randomBytes(24).toString('base64url')
}
