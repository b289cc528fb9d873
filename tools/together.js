// node --experimental-import-meta-resolve tools/together.js <name> <file …>: runs compiled test files in one process,
// one after the other.
import { pathToFileURL } from 'node:url'

// tap makes names of folders of the arguments that are left.
const files = process.argv.splice(3)
const { default: t } = await import(import.meta.resolve('tap', pathToFileURL(files[0])))

for (const file of files) {
  // What a file registers comes before the next turn.
  await t.test(file, async turn => {
    t.jobs = 1
    t.setTimeout(1_000 * process.env.TAP_TIMEOUT)
    await import(pathToFileURL(file))
    turn.ok(t.subtests.length > 0, 'it has tests')
  })
}
