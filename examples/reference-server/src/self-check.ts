import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey } from '@holdfast/fastify'
import { startChildServer } from './child-server.js'
import type { Stage } from './stage.js'
import { STORY } from './story.js'

/**
 * Starts a server of its own, with a new database and a new key, plays the story against it and stops it. Leaves
 * nothing behind.
 *
 * @param tell receives one line at a time
 * @throws Error a step did not go as it should
 */
export async function selfCheck (tell: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  const clear = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', clear)
  try {
    await play(folder, tell)
  } finally {
    process.off('exit', clear)
    clear()
  }
}

async function play (folder: string, tell: (line: string) => void): Promise<void> {
  const keys = generateKey()
  const tokens = { 'tenant-a': randomToken(), 'tenant-b': randomToken() }
  const environment = {
    HOLDFAST_BACKEND: 'sqlite',
    HOLDFAST_SQLITE: join(folder, 'sessions.db'),
    HOLDFAST_KEYS: keys,
    HOLDFAST_MAX_LIVE: '2',
    HOLDFAST_DEMO_TOKENS: Object.entries(tokens).map(entry => entry.join(':')).join()
  }
  const stage: Stage = {
    server: await startChildServer(environment),
    restart: async () => {
      tellLog(stage, tell)
      stage.server = await startChildServer({ ...environment, PORT: stage.server.url.port })
    },
    folder,
    keys,
    tokens,
    apiKeys: new Map(),
    cast: new Map()
  }
  const { href } = stage.server.url
  tell(`A server listens on ${href} and stores its sessions in a database file, sealed with a new key.
It serves clients with sessions and clients of MCP 2026-07-28 on one route, and keeps at most 2 sessions live.
Each of two tenants has a token.\n`)
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
