import t from 'tap'
import { acceptCheck } from '../dist/accept-header.js'

const JSON_TYPE = 'application/json'
const EVENTS = 'text/event-stream'

/** What an Accept header says of the two types of MCP. */
const HEADERS: Array<[string | undefined, { json: boolean, events: boolean }]> = [
  [undefined, { json: false, events: false }],
  ['', { json: false, events: false }],
  ['  ', { json: false, events: false }],
  ['*/*', { json: true, events: true }],
  ['application/json, text/event-stream', { json: true, events: true }],
  ['text/event-stream,application/json', { json: true, events: true }],
  ['APPLICATION/Json ,\tText/Event-Stream ', { json: true, events: true }],
  ['application/*, text/*', { json: true, events: true }],
  ['application/json, application/json', { json: true, events: false }],
  ['application/json;charset=utf-8, text/event-stream; charset="utf-8"', { json: true, events: true }],
  ['application/json;q=0.5;ext=1, text/event-stream; Q=0.001', { json: true, events: true }],
  ['*/*;q=0', { json: false, events: false }],
  ['*/*; q=0.000', { json: false, events: false }],
  ['*/*, text/event-stream;q=0', { json: true, events: false }],
  ['text/event-stream;q=0, */*', { json: true, events: false }],
  ['*/*;q=0, application/json', { json: true, events: false }],
  ['text/*;q=0, text/event-stream, application/*', { json: true, events: true }],
  ['application/json;q=high, text/event-stream;q=', { json: true, events: true }],
  [',, application/json,', { json: true, events: false }],
  ['json, application/json, /, a/b/c;;', { json: true, events: false }],
  ['text/html', { json: false, events: false }],
  ['application/jsonp, text/event-streams', { json: false, events: false }],
  ['application', { json: false, events: false }],
  ['*', { json: false, events: false }]
]

for (const [header, { json, events }] of HEADERS) {
  t.test(`Accept: ${String(header)}`, async t => {
    t.equal(acceptCheck([JSON_TYPE])(header), json, JSON_TYPE)
    t.equal(acceptCheck([EVENTS])(header), events, EVENTS)
    t.equal(acceptCheck([JSON_TYPE, EVENTS])(header), json && events, 'both')
    t.equal(acceptCheck([])(header), true, 'a reply without a body')
  })
}

t.test('the answer is that of the header, whichever was asked about before', async t => {
  const accepts = acceptCheck([EVENTS])
  const asked = ['text/html', 'text/html', undefined, EVENTS, EVENTS, '*/*;q=0', undefined]
  t.strictSame(asked.map(header => accepts(header)), [false, false, false, true, true, false, false])
})

t.test('an endless header costs next to nothing', async t => {
  const accepts = acceptCheck([EVENTS])
  const began = performance.now()
  for (const part of [';', ';q', '; q= ', ',', 'a/b;', ' ']) accepts(part.repeat(16_384))
  t.ok(performance.now() - began < 5_000)
})
