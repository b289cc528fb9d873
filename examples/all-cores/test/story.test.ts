import t from 'tap'
import { play } from '../dist/play.js'
import { STORY } from '../dist/story.js'

t.test('the story is true', async t => {
  const told: string[] = []
  await play(line => told.push(line))
  t.equal(told.filter(line => line.includes('✓')).length, Object.keys(STORY).length)
})
