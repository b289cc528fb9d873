import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const SNIPPETS = fileURLToPath(new URL('../../../tools/snippets.js', import.meta.url))

const SCALE = {
  'package.json': '{ "name": "scale", "type": "module", "exports": { ".": "./index.d.ts", "./part": "./index.d.ts" } }',
  'index.d.ts': 'export interface Settings { unit?: string }\n' +
    'export declare function weigh (thing: string, settings?: Settings): number\n'
}

/**
 * What the check says about a repository with these pages, which has two packages, `scale` and `@things/scale`. Of what
 * the compiler says, only the place and the first thing that it names.
 */
function complaints (t: Test, pages: Record<string, string[]>): string[] {
  const cwd = t.testdir({
    packages: {},
    node_modules: {
      '@types': { node: { 'package.json': '{ "name": "@types/node" }', 'index.d.ts': '' } },
      scale: SCALE,
      '@things': { scale: { ...SCALE, 'package.json': SCALE['package.json'].replace('scale', '@things/scale') } }
    },
    docs: Object.fromEntries(Object.entries(pages).map(([name, lines]) => [name, `${lines.join('\n')}\n`]))
  })
  const { status, stderr } = spawnSync(process.execPath, [SNIPPETS], { cwd, encoding: 'utf8' })
  const lines = stderr.split('\n').filter(line => line !== '')
  t.equal(status, lines.length > 0 ? 1 : 0)
  t.notOk(existsSync(join(cwd, 'dist-test/snippets')), 'nothing is left behind')
  return lines.map(line => line.replace(/^(\S+:\d+): .*?('[^']+').*$/, '$1: $2'))
}

const install = ['```sh', 'npm install scale @things/scale', '```']
const block = (language: string, ...lines: string[]): string[] => [`\`\`\`${language}`, ...lines, '```']

t.test('a page whose code compiles is fine', async t => {
  t.strictSame(complaints(t, {
    'a.md': [
      '# A page', ...install, ...block('ts', "import { weigh } from 'scale'", "const grams: number = weigh('a stone')"),
      ...block('js', "import { weigh } from '@things/scale/part'", "console.log(await weigh('a stone'))").slice(0, 2),
      '```', ...block('json', '{ not code }')
    ]
  }), [])
})

t.test('a wrong type is reported with the line of the page, in TypeScript and in JavaScript', async t => {
  t.strictSame(complaints(t, {
    'a.md': [
      ...install,
      ...block('ts', "import { weigh } from 'scale'", '', "weigh('a stone', { unit: undefined }).trim()"),
      ...block('js', "import { weigh } from 'scale'", 'export const heavy = thing => weigh(thing)', 'weigh(1)'),
      '- In a list:', '', ...block('js', "export const first = ['a'][0].length").map(line => `  ${line}`)
    ]
  }), [
    "docs/a.md:7: '{ unit: undefined; }'", "docs/a.md:7: 'trim'", "docs/a.md:11: 'thing'", "docs/a.md:12: 'number'",
    "docs/a.md:17: 'undefined'"
  ])
})

t.test('an import of what is not there is reported, and a package that the page does not install before', async t => {
  t.strictSame(complaints(t, {
    'a.md': block('js', "import { weigh } from 'scale/part'", "import { join } from 'node:path'", 'weigh(join())'),
    'b.md': [...block('ts', "const { weigh } = await import('@things/scale')", "weigh('')"), ...install],
    'c.md': ['`pnpm add scale`', ...block('js', "import { way } from 'scale'", "import './elsewhere.js'", 'way()')],
    'd.md': block('js', '// a.cjs', "const { weigh } = require('scale')", "weigh('')"),
    'e.md': ['`npm install nowhere`', ...block('js', "import 'nowhere'", "import nowhere from 'nowhere'", 'nowhere()')]
  }), [
    'docs/a.md:1: imports scale, which no line of the page before it installs',
    'docs/b.md:1: imports @things/scale, which no line of the page before it installs',
    'docs/d.md:1: imports scale, which no line of the page before it installs',
    "docs/a.md:3: 'node:path'", "docs/c.md:3: '\"scale\"'", "docs/c.md:4: './elsewhere.js'", "docs/e.md:3: 'nowhere'",
    "docs/e.md:4: 'nowhere'"
  ])
})

t.test('a block uses what is given to it, and nothing that is given to another', async t => {
  t.strictSame(complaints(t, {
    'a.md': [
      '<!-- given: keys -->', ...block('js', 'keys.trim()'),
      '<!-- given: keys, tea -->', ...block('ts', 'keys.toFixed()'), ...block('js', 'keys.trim()')
    ]
  }), [
    'docs/a.md:6: tea is not in the table of tools/snippets.js', "docs/a.md:7: 'toFixed'", "docs/a.md:10: 'keys'"
  ])
})

t.test('what a block adds to the types of a module stays in it', async t => {
  const adds = (type: string): string[] => [
    "import { type Settings, weigh } from 'scale'", `declare module 'scale' { interface Settings { of: ${type} } }`,
    'const settings: Settings = { of: 1 }', "weigh('a stone', settings)"
  ]
  t.strictSame(complaints(t, {
    'a.md': [
      ...install, ...block('ts', ...adds('number')), ...block('ts', ...adds('string')),
      ...block('ts', "import { weigh } from 'scale'", "weigh('a stone', {})")
    ]
  }), ["docs/a.md:13: 'number'"])
})

t.test('blocks of a page that begin with the name of a file import each other', async t => {
  t.strictSame(complaints(t, {
    'a.md': [
      ...block('js', '// weight.mjs', 'export let weight = 1'),
      ...block('js', '// server.mjs', "import { weight } from './weight.mjs'", 'weight.trim()'),
      ...block('js', '// server.mjs: what changes', 'export const weight = 1'),
      ...block('js', '// server.mjs', 'export const same = 1')
    ]
  }), ["docs/a.md:8: 'trim'"])
})
