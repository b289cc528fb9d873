import { randomBytes } from 'node:crypto'
import { Fleet } from './fleet.js'
import { STORAGES } from './storage.js'
import { STORY, type Stage } from './story.js'

/**
 * Starts a fleet of its own, plays the story against it and stops it.
 *
 * @param kind of the storage that the replicas share
 * @param tell receives one line at a time
 * @throws Error a step did not go as it should
 */
export async function play (kind: keyof typeof STORAGES, tell: (line: string) => void): Promise<void> {
  const [token, apiKey] = [randomBytes(24).toString('base64url'), randomBytes(12).toString('hex')]
  const fleet = await Fleet.on(await STORAGES[kind].start(), { HOLDFAST_DEMO_TOKENS: `tenant-a:${token}` })
  tell(`Three replicas share ${STORAGES[kind].title}; a proxy sends each request to the next replica.\n`)
  const stage: Stage = { fleet, token, apiKey, cast: [] }
  try {
    for (const [must, step] of Object.entries(STORY)) {
      const failed = (error: Error): never => { throw new Error(`${must}: ${error.message}`, { cause: error }) }
      tell(`  ✓ ${await step(stage).catch(failed)}`)
    }
  } finally {
    for (const client of stage.cast) await client.close()
    if (fleet.log() !== '') tell(`\nThe log:\n${fleet.log()}`)
    await fleet.stop()
  }
  tell('\nThe fleet was asked to stop and did. All is as it should be.')
}
