// Rules of this repository that no other tool checks.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ruledOutWords } from './glossary.js'
import { importCycles } from './import-cycles.js'
import { packages, report } from './packages.js'

/** Which packages a package may depend on: arrows point down only. */
const below = {
  core: [],
  envelope: [],
  memory: ['core'],
  redis: ['core'],
  sqlite: ['core'],
  transport: ['core'],
  modern: ['core', 'transport'],
  fastify: ['core', 'envelope', 'memory', 'modern', 'transport'],
  env: ['core', 'fastify', 'memory', 'redis', 'sqlite'],
  cli: ['core', 'envelope', 'memory', 'redis', 'sqlite']
}

/** Columns of a line of code. Not within it: a page of Markdown in code. */
const WIDTH = 120
const wide = ['tools/configuration.js']

/** What no file may contain. */
const forbidden = {
  'the host of a package registry': /\b(registry|npm)(\.[\w-]+)+\.(com|dev|io|net|org)\b|\btarball: /,
  "a path of somebody's machine": /(?<![\w.:/-])\/(home|root|work)\//
}

const ignored = new Set(['.git/', '*.git', ...readFileSync('.gitignore', 'utf8').split('\n')])
const files = walk('')

report([
  ...files.flatMap(forbiddenText),
  ...files.filter(file => /\.(ts|js|mjs|lua)$/.test(file)).flatMap(longLines),
  ...files.filter(file => file.endsWith('.md')).flatMap(deadLinks),
  ...ruledOutWords(files),
  ...files.filter(file => file.endsWith('index.ts')).flatMap(starExports),
  ...packages.flatMap(upwardArrows),
  ...packages.flatMap(undeclaredImports),
  ...packages.flatMap(circles),
  ...missingErrorCodes()
])

function walk (dir) {
  return readdirSync(dir || '.', { withFileTypes: true }).flatMap(entry => {
    const path = dir + entry.name
    if (entry.isDirectory()) return ignored.has(entry.name + '/') ? [] : walk(path + '/')
    return entry.isFile() && !ignored.has(path.replace(/^.*\./, '*.')) ? [path] : []
  })
}

function forbiddenText (file) {
  return readFileSync(file, 'utf8').split('\n').flatMap((line, i) => Object.entries(forbidden)
    .filter(([, pattern]) => pattern.test(line)).map(([what]) => `${file}:${i + 1}: names ${what}`))
}

function longLines (file) {
  if (wide.some(folder => file.startsWith(folder))) return []
  return readFileSync(file, 'utf8').split('\n').flatMap((line, i) =>
    line.length > WIDTH ? [`${file}:${i + 1}: has ${line.length} columns, and may have ${WIDTH}`] : [])
}

function starExports (file) {
  return /^export \*/m.test(readFileSync(file, 'utf8')) ? [`${file}: export names, never *`] : []
}

function deadLinks (file) {
  const prose = readFileSync(file, 'utf8').replaceAll(/^```.*?^```$/gms, '')
  const links = [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
  return links.filter(([, path, anchor]) => {
    const target = path === '' ? file : join(dirname(file), path)
    return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor))
  }).map(([link]) => `${file}: ${link.slice(1)} leads nowhere`)
}

/** What headings are called in links, as GitHub does it. */
function anchors (file) {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)]
    .map(([, heading]) => heading.toLowerCase().replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}

function upwardArrows ({ dir, manifest }) {
  const allowed = below[dir]
  if (allowed === undefined) return [`packages/${dir}: has no place in the table of tools/hygiene.js`]
  return runtimeDependencies(manifest)
    .filter(name => name.startsWith('@holdfast/') && !allowed.includes(name.slice(10)))
    .map(name => `packages/${dir}: must not depend on ${name}`)
}

function undeclaredImports ({ dir, manifest }) {
  const declared = new Set([manifest.name, ...runtimeDependencies(manifest)])
  return files.filter(file => file.startsWith(`packages/${dir}/src/`)).flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/^(?! *\*).*\b(?:from|import) *\(?'((?:@[^/']+\/)?[^./'][^/']*)/gm)]
      .filter(([, name]) => !name.startsWith('node:') && !declared.has(name))
      .map(([, name]) => `${file}: imports ${name}, which its package.json does not list`))
}

function circles ({ dir }) {
  const src = `packages/${dir}/src/`
  return importCycles(files.filter(file => file.startsWith(src) && file.endsWith('.ts')))
    .map(cycle => `packages/${dir}/src: imports in a circle: ${cycle.map(file => file.slice(src.length)).join(' → ')}`)
}

function runtimeDependencies ({ dependencies, peerDependencies, optionalDependencies }) {
  return Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })
}

function missingErrorCodes () {
  const readme = 'packages/core/README.md'
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : ''
  const codes = readFileSync('packages/core/src/errors.ts', 'utf8').matchAll(/^ {2}(HOLDFAST_\w+):/gm)
  return [...codes].filter(([, code]) => !text.includes(code)).map(([, code]) => `${readme}: does not list ${code}`)
}
