import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const HYGIENE = fileURLToPath(new URL('../../../tools/hygiene.js', import.meta.url))

interface Files { [name: string]: string | Files }

/** What the check says about a repository with these sources in one package, and with these other files. */
function complaints (t: Test, sources: Files, others: Files = {}): string[] {
  const manifest = (name: string): string => JSON.stringify({ name, dependencies: {} })
  const cwd = t.testdir({
    ...others,
    '.gitignore': 'dist/\n',
    packages: {
      core: { 'package.json': manifest('@holdfast/core'), src: { 'errors.ts': '' } },
      memory: { 'package.json': manifest('@holdfast/memory'), src: sources }
    }
  })
  const { status, stderr } = spawnSync(process.execPath, [HYGIENE], { cwd, encoding: 'utf8' })
  const lines = stderr.split('\n').filter(line => line !== '')
  t.equal(status, lines.length > 0 ? 1 : 0)
  return lines
}

/** Everything that makes one file need another, here `a` of the same folder. */
const IMPORTS = {
  value: "import { a } from './a.js'",
  type: "import type { a } from './a.js'",
  mixed: "import {\n  type a,\n  b\n} from './a.js'",
  effect: "import './a.js'",
  exported: "export { a } from './a.js'",
  exportedType: "export type { a } from './a.js'",
  dynamic: "const a = await import('./a.js')",
  typeOfImport: "let a: import('./a.js').A"
}

t.test('a cycle is found, whatever kind of import closes it', async t => {
  const kinds = Object.entries(IMPORTS)
  const folders = kinds.map(([kind, source]) => [kind, { 'a.ts': "import './b.js'\n", 'b.ts': `${source}\n` }])
  t.same(complaints(t, Object.fromEntries(folders) as Files).sort(), kinds.map(([kind]) =>
    `packages/memory/src: imports in a circle: ${kind}/a.ts → ${kind}/b.ts → ${kind}/a.ts`).sort())
})

t.test('every file in a cycle is named, in whatever folder it is', async t => {
  t.same(complaints(t, {
    'a.ts': "import './x/b.js'\n",
    x: { 'b.ts': "import '../c.js'\n", 'd.ts': "import '../c.js'\n" },
    'c.ts': "import './a.js'\nimport './x/d.js'\n",
    'self.ts': "import './self.js'\n"
  }), [
    'packages/memory/src: imports in a circle: a.ts → x/b.ts → c.ts → a.ts',
    'packages/memory/src: imports in a circle: self.ts → self.ts',
    'packages/memory/src: imports in a circle: x/d.ts → c.ts → x/d.ts'
  ])
})

t.test('two ways to one file are no cycle, nor is what only looks like an import', async t => {
  t.same(complaints(t, {
    'a.ts': "import './b.js'\nimport './c.js'\n",
    'b.ts': "import './d.js'\n",
    'c.ts': "import './d.js'\n",
    'd.ts': "// import './a.js'\n/* import './a.js' */\nconst a = \"import './a.js'\"\nconst b = `import './a.js'`\n"
  }), [])
})

t.test('a line of code has at most 120 columns, one of another file as many as it likes', async t => {
  const line = (columns: number): string => `//${'x'.repeat(columns - 2)}\n`
  t.same(complaints(t, {
    'a.ts': line(120), 'b.ts': `\n${line(121)}`, 'c.lua': line(121), 'd.mjs': line(121), 'e.md': line(121), 'f.js': ''
  }), [
    'packages/memory/src/b.ts:2: has 121 columns, and may have 120',
    'packages/memory/src/c.lua:1: has 121 columns, and may have 120',
    'packages/memory/src/d.mjs:1: has 121 columns, and may have 120'
  ])
})

t.test('a word that the glossary rules out is reported in pages, a README and sources, with its term', async t => {
  const glossary = [
    '| term | meaning | not |', '|---|---|---|', '| record | What is stored: `entry`. | |',
    '| snapshot store | Where a sink was. | `sink`, `time machine` |', ''
  ].join('\n')
  t.same(complaints(t, {
    'a.ts': '// Sink\nconst sink = 1\n', x: { 'b.ts': '// #sink.write\n' }, 'c.js': '// sink\n'
  }, {
    docs: {
      'glossary.md': glossary,
      'page.md': 'No entry.\n\nA SINK and a time machine.\n\nWhatever it is.\n',
      'other.md': 'Sinks, SnapshotSink, SINK_SIZE, a kitchensink, time machines.\n'
    },
    'README.md': 'A (sink).\n',
    'OTHER.md': 'A sink.\n'
  }).sort(), [
    'README.md:1: uses "sink", which docs/glossary.md calls "snapshot store"',
    'docs/page.md:3: uses "SINK", which docs/glossary.md calls "snapshot store"',
    'docs/page.md:3: uses "time machine", which docs/glossary.md calls "snapshot store"',
    'docs/page.md:5: uses "Whatever": name it',
    'packages/memory/src/a.ts:1: uses "Sink", which docs/glossary.md calls "snapshot store"',
    'packages/memory/src/a.ts:2: uses "sink", which docs/glossary.md calls "snapshot store"',
    'packages/memory/src/x/b.ts:1: uses "sink", which docs/glossary.md calls "snapshot store"'
  ])
})
