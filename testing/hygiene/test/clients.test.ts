import { readFileSync } from 'node:fs'
import t from 'tap'

const ROOT = new URL('../../../', import.meta.url)
const world = async (name: string): Promise<any> => await import(new URL(`testing/world/src/${name}.js`, ROOT).href)

t.test('docs/clients.md says what is known of every client, in the version that the lockfile names', async t => {
  const { CLIENTS } = await world('clients')
  const { released } = await world('versions')
  const { readResults } = await world('results')
  const { page } = await world('page')
  const results = readResults()

  t.ok(CLIENTS.length > 0)
  t.strictSame(Object.keys(results), CLIENTS, 'npm run test:world -- --write makes what is missing')
  for (const client of CLIENTS) t.equal(results[client].title, released(client))
  t.equal(readFileSync(new URL('docs/clients.md', ROOT), 'utf8'), page(results))
})

t.test('the lockfile of testing/world names no registry, and runs no scripts', async t => {
  const lockfile = JSON.parse(readFileSync(new URL('testing/world/package-lock.json', ROOT), 'utf8'))
  const resolved = Object.values<{ resolved?: string }>(lockfile.packages).filter(entry => entry.resolved !== undefined)
  t.strictSame(resolved, [])
  t.match(readFileSync(new URL('testing/world/.npmrc', ROOT), 'utf8'), 'ignore-scripts=true')
})
