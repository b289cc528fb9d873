import t from 'tap'
import { KEEP_ALIVE, eventId, messageEvent, parseEventId, primingEvent, retryHint } from '../dist/streams/sse-event.js'
import { Events } from '@holdfast/waiting'

t.test('an event id names a stream and a position', async (t) => {
  for (const [name, position] of [['standalone', 0], ['0123456789abcdef.12', 7], ['a', 999_999_999_999_999]] as const) {
    t.same(parseEventId(eventId(name, position)), { name, position })
  }
})

t.test('what is none of our event ids is told apart', async (t) => {
  const strange = [
    '', '.', '1', 'standalone', 'standalone.', '.5', 'standalone.-1', 'standalone.1e3', 'standalone.1.5x',
    'standalone. 1', 'standalone.1\n', 'standalone.1\r\ndata: x', 'stand alone.1', 'ständalone.1',
    `${'x'.repeat(65)}.1`,
    'standalone.1234567890123456', '../etc.1', 'a:b.1'
  ]
  for (const id of strange) t.equal(parseEventId(id), undefined, JSON.stringify(id))
})

t.test('a reader of server-sent events understands them', async (t) => {
  const events = new Events(
    primingEvent('a.0', 5) + messageEvent('{"x":"\\n"}', 'a.1') + KEEP_ALIVE + messageEvent('1') + retryHint(9)
  )
  t.same(await events.rest(), [{ x: '\n' }, 1])
  t.same(events.seen, [
    { id: 'a.0', retry: '5', data: '' }, { event: 'message', id: 'a.1', data: '{"x":"\\n"}' }, { comment: true },
    { event: 'message', data: '1' }, { retry: '9' }
  ])
})

t.test('separators that some clients take for the end of a line are escaped', async (t) => {
  const message = { text: 'a\u2028b\u2029c', 'k\u2028': 1 }
  const event = messageEvent(JSON.stringify(message))
  t.notMatch(event, /[\u2028\u2029]/)
  t.same(await new Events(event).message(), message)
})
