import t from 'tap'
import { ResponseStream } from '../dist/response-stream.js'

const START = Math.floor(performance.now())

function reading (stallTimeout = 30_000): ResponseStream {
  const stream = new ResponseStream({ keepAlive: 60_000, maxBuffered: 1_000, stallTimeout }, () => {})
  stream.on('data', () => {})
  stream.pause()
  return stream
}

t.test('a burst fills the buffer, and does not end the call', t => {
  const stream = reading()
  for (let count = 0; count < 100; count++) stream.offer('x'.repeat(600), START)
  t.notOk(stream.destroyed, 'nobody could read in between')
  t.ok(stream.readableLength < 2_000, 'what does not fit is lost')
  stream.finish('the end')
  let text = ''
  stream.removeAllListeners('data').on('data', piece => { text += String(piece) }).resume()
  stream.on('close', () => {
    t.match(text, /x+the end$/)
    t.end()
  })
})

t.test('a reader that takes something of a full buffer is not cut, and one that does not is', t => {
  const stream = reading()
  const fill = (now: number): void => { for (let count = 0; count < 9; count++) stream.offer('x'.repeat(600), now) }
  fill(START)
  fill(START + 999)
  stream.read(1)
  fill(START + 1_000)
  fill(START + 1_999)
  t.notOk(stream.destroyed)
  fill(START + 2_000)
  t.ok(stream.destroyed)
  t.end()
})

t.test('where readers stall sooner, they are cut sooner', t => {
  const stream = reading(10)
  for (const now of [START, START, START, START + 9]) stream.offer('x'.repeat(600), now)
  t.notOk(stream.destroyed)
  stream.offer('x', START + 10)
  t.ok(stream.destroyed)
  t.end()
})
