import { EventEmitter, once } from 'node:events'
import { deadline } from '@holdfast/reference-server/deadline'
import { StoryClient } from '@holdfast/reference-server/story-client'
import { Cores } from './cores.js'
import { STORY, type Stage } from './story.js'

/**
 * Starts the server, plays the story against it and stops it.
 *
 * @param tell receives one line at a time
 * @throws Error a step did not go as it should
 */
export async function play (tell: (line: string) => void): Promise<void> {
  const cores = await Cores.start()
  tell(`One port, one file, ${cores.workers.length} workers, and no server beside them.\n`)
  const statuses = new Set<number>()
  const cast: StoryClient[] = []
  const enter = async (name: string): Promise<StoryClient> => {
    const stream = new EventEmitter()
    const opened = once(stream, 'open')
    const watched: typeof fetch = async (...request) => {
      const response = await fetch(...request)
      statuses.add(response.status)
      if (request[1]?.method === 'GET') stream.emit('open')
      return response
    }
    const client = await StoryClient.open({ name, answer: '', url: cores.url, fetch: watched })
    cast.push(client)
    // A client does not hear what was said before it listened.
    await deadline(opened, `the stream of ${name}`)
    return client
  }
  try {
    const anna = await enter('anna')
    const others = [await enter('ben'), await enter('cleo')]
    const stage: Stage = { cores, anna, others, answers: new Map(), total: 0, statuses }
    for (const [must, step] of Object.entries(STORY)) {
      const failed = (error: Error): never => { throw new Error(`${must}: ${error.message}`, { cause: error }) }
      tell(`  ✓ ${await step(stage).catch(failed)}`)
    }
  } finally {
    for (const client of cast) await client.close()
    await cores.clear()
    if (cores.log() !== '') tell(`\nThe log:\n${cores.log()}`)
  }
  tell('\nAll is as it should be.')
}
