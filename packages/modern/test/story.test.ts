import t from 'tap'
import { asEntry } from '../dist/parked/call-log.js'
import { type Entry, Reading, Story } from '../dist/parked/story.js'

const request = { method: 'roots/list' }
const end: Entry = { end: { result: {} } }

function storyOf (...entries: Entry[]): Story {
  const story = new Story()
  story.add(0, entries)
  return story
}

t.test('entries are added once, in order', async (t) => {
  const story = storyOf({ ask: 'a', request })
  t.equal(story.add(0, [{ ask: 'a', request }, { answered: 'a' }]), true)
  t.equal(story.length, 2)
  t.equal(story.add(3, [end]), false, 'a gap')
  t.equal(story.add(0, [{ ask: 'a', request }]), true)
  t.equal(story.length, 2)
  t.equal(story.ended, false)
  story.add(2, [end])
  t.equal(story.ended, true)
})

t.test('what is asked again depends on the position and the answers only', async (t) => {
  const story = storyOf(
    { ask: 'a', request }, { ask: 'b', request }, { note: { method: 'x' } }, { answered: 'a' }, { ask: 'c', request },
    { answered: 'b' }, { withdrawn: 'c' }, { ask: 'd', request }, { answered: 'd' }, end
  )
  const read = (position: number, ...answers: string[]): unknown => {
    const notes: unknown[] = []
    const step = new Reading(story, position, answers).next(note => notes.push(note))
    return step.kind === 'ask' ? [[...step.open.keys()], step.position, step.final] : step.kind
  }
  t.same(read(0), [['a', 'b'], 3, true], 'before the first answer')
  t.same(read(2), [['a', 'b'], 3, true])
  t.same(read(2, 'a'), [['b', 'c'], 5, true], 'before the answer of another retry')
  t.same(read(2, 'a', 'b'), [['d'], 8, true])
  t.same(read(2, 'a', 'b', 'd'), [['d'], 8, true], 'an answer to a later question does not count')
  t.same(read(8, 'd'), 'end')
  t.same(read(10), 'wait')
})

t.test('a retry waits until its answers are taken', async (t) => {
  const story = storyOf({ ask: 'a', request })
  const reading = new Reading(story, 1, ['a'])
  t.equal(reading.next(() => {}).kind, 'wait')
  story.add(1, [{ answered: 'a' }])
  t.equal(reading.next(() => {}).kind, 'wait')
  story.add(2, [end])
  t.equal(reading.next(() => {}).kind, 'end')
})

t.test('a story whose begin is lost', async (t) => {
  const story = new Story()
  story.skip(5)
  story.add(5, [{ answered: 'a' }, end])
  t.equal(new Reading(story, 2, ['a']).next(() => {}).kind, 'end')
})

t.test('an entry of a newer version is nothing', async (t) => {
  t.same(asEntry({ surprise: 1 }), { withdrawn: '' })
  t.same(asEntry({ answered: 'a' }), { answered: 'a' })
})
