import t from 'tap'
import { ResponseStream } from '../dist/response-stream.js'

const settings = { keepAlive: 100, maxBuffered: 1_000, stallTimeout: 10 }

function stream (): ResponseStream {
  return new ResponseStream(settings, () => {}).on('error', error => t.fail(error.message))
}

t.test('a reader is cut that makes no progress, and not one that does', async (t) => {
  const start = Math.floor(performance.now())
  const slow = stream()
  slow.offer('x'.repeat(100))
  slow.check(start)
  slow.check(start + 9)
  slow.read(1)
  slow.check(start + 18)
  slow.check(start + 27)
  t.notOk(slow.destroyed)
  slow.check(start + 28)
  t.ok(slow.destroyed)
})

t.test('a reader that has read everything is not slow, and gets comments', async (t) => {
  const start = Math.floor(performance.now())
  const quiet = stream()
  quiet.read()
  quiet.check(start + 99)
  t.equal(quiet.read(), null)
  quiet.check(start + 10_000)
  t.equal(quiet.read(), ': keep-alive\n\n')
  quiet.offer('x')
  quiet.check(start + 10_005)
  t.equal(quiet.read(), 'x', 'no comment while something waits')
  quiet.destroy()
})

t.test('after the last event nothing follows, and a reader that does not see the end is cut', async (t) => {
  const start = Math.floor(performance.now())
  const ended = stream()
  ended.read()
  ended.check(start)
  ended.finish('the end')
  t.equal(ended.read(7), 'the end')
  ended.check(start + 10_000)
  ended.check(start + 10_005)
  t.notOk(ended.destroyed)
  ended.check(start + 10_010)
  t.ok(ended.destroyed)
})
