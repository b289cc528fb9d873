import t from 'tap'
import { play } from '../src/play.js'
import { STORY } from '../src/story.js'

t.test('the story is true', async t => {
  const told: string[] = []
  await play(line => told.push(line))
  t.equal(told.filter(line => line.includes('✓')).length, Object.keys(STORY).length)
})
