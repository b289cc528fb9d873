import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const HYGIENE = fileURLToPath(new URL('../../../tools/hygiene.js', import.meta.url))

interface Files { [name: string]: string | Files }

/** What the check says about a repository with these sources in one package. */
function complaints (t: Test, sources: Files): string[] {
  const manifest = (name: string): string => JSON.stringify({ name, dependencies: {} })
  const cwd = t.testdir({
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
