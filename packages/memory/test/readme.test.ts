import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import t from 'tap'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

t.test('the example prints what it says', async (t) => {
  const [, example = ''] = /^```js\n(.*?)^```$/ms.exec(readme) ?? []
  const source = example.replace("'@holdfast/memory'", `'${new URL('../dist/index.js', import.meta.url).href}'`)
  const calls = t.capture(console, 'log')
  await import(pathToFileURL(join(t.testdir({ 'example.mjs': source }), 'example.mjs')).href)
  const promised = Array.from(example.matchAll(/\/\/ prints: (.*)$/gm), ([, text]) => text)
  t.strictSame(calls().map(({ args }) => format(...args)), promised)
  t.equal(promised.length, 3)
})
