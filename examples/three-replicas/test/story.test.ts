import t from 'tap'
import { play } from '../dist/play.js'
import { STORAGES } from '../dist/storage.js'
import { STORY } from '../dist/story.js'

for (const kind of Object.keys(STORAGES) as Array<keyof typeof STORAGES>) {
  t.test(`the story is true (${kind})`, async t => {
    const told: string[] = []
    await play(kind, line => told.push(line))
    t.equal(told.filter(line => line.includes('✓')).length, Object.keys(STORY).length)
  })
}
