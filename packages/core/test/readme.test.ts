import t from 'tap'
import { runExample } from './fixtures/readme.js'

t.test('the example of the README prints what it says', async (t) => {
  const { printed, promised } = await runExample(t, new URL('../README.md', import.meta.url), {
    '@holdfast/core': new URL('../dist/index.js', import.meta.url),
    '@holdfast/memory': new URL('./fixtures/memory.js', import.meta.url)
  })
  t.strictSame(printed, promised)
  t.equal(printed.length, 3)
})
