import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { startChildServer } from './child-server.js'
import type { Stage } from './stage.js'
import { STORY } from './story.js'

/**
 * Starts a server of its own, plays the story against it and stops it.
 *
 * @param tell receives one line at a time
 * @throws Error a step did not go as it should
 */
export async function selfCheck (tell: (line: string) => void): Promise<void> {
  const tokens = { 'tenant-a': randomToken(), 'tenant-b': randomToken() }
  const server = await startChildServer({
    HOLDFAST_MAX_LIVE: '2',
    HOLDFAST_DEMO_TOKENS: Object.entries(tokens).map(entry => entry.join(':')).join()
  })
  const stage: Stage = { url: server.url, tokens, cast: new Map() }
  tell(`A server listens on ${server.url.href} and keeps at most 2 sessions live; each of two tenants has a token.\n`)
  let code
  try {
    for (const [must, play] of Object.entries(STORY)) tell(`  ✓ ${await play(stage).catch(failing(must))}`)
  } finally {
    for (const client of stage.cast.values()) await client.close()
    code = await server.stop()
    if (server.log() !== '') tell(`\nIts log:\n${server.log()}`)
  }
  assert.equal(code, 0, `the server should have exited with code 0 when asked to stop; it was ${code}`)
  tell('\nThe server was asked to stop and did. All is as it should be.')
}

function failing (must: string): (error: Error) => never {
  return error => { throw new Error(`${must}: ${error.message}`, { cause: error }) }
}

function randomToken (): string {
  return randomBytes(24).toString('base64url')
}
