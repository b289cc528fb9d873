import t from 'tap'
import { runExample } from './fixtures/readme.js'

const readme = new URL('../README.md', import.meta.url)
const modules = {
  '@holdfast/core': new URL('../dist/index.js', import.meta.url),
  '@holdfast/memory': new URL('./fixtures/memory.js', import.meta.url)
}

t.test('the example of the README prints what it says', async (t) => {
  const { printed, promised } = await runExample(t, readme, modules)
  t.strictSame(printed, promised)
  t.equal(printed.length, 3)
})

t.test('so does that of records of another kind', async (t) => {
  const { printed, promised } = await runExample(t, readme, modules, 1)
  t.strictSame(printed, promised)
  t.equal(printed.length, 2)
})
