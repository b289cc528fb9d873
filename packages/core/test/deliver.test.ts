import t from 'tap'
import { deliver } from '../dist/index.js'

t.test('what a listener throws becomes a warning of the process', async (t) => {
  const warnings: Error[] = []
  const listen = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', listen)
  t.teardown(() => { process.off('warning', listen) })
  const error = new Error('mine')
  deliver(() => { throw error }, new Uint8Array(1))
  // eslint-disable-next-line no-throw-literal
  deliver(() => { throw 'a text' }, new Uint8Array(1))
  const heard: Uint8Array[] = []
  deliver((message) => { heard.push(message) }, Uint8Array.of(7))
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(warnings[0], error)
  t.match(warnings[1], { message: 'A bus listener threw', cause: 'a text' })
  t.strictSame(heard, [Uint8Array.of(7)])
})
