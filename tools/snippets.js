// Type-checks every block of TypeScript and JavaScript in the READMEs and in docs/, and checks that the page installs
// what the block imports. Needs a build.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { packages, report } from './packages.js'

/**
 * What a block may build on without declaring it, after `<!-- given: app, createServer -->` in the line before it. A
 * name with a dot stands for a member that something else adds.
 */
const GIVEN = {
  app: "import '@holdfast/fastify'\nexport declare const app: import('fastify').FastifyInstance",
  'app.redis': "import '@fastify/redis'",
  backend: "export declare const backend: import('@holdfast/core').Backend",
  codec: "export declare const codec: import('@holdfast/core').Codec",
  containers: 'export declare const containers: { remove (key: string, name: unknown): Promise<void> }',
  copy: "export declare const copy: import('@holdfast/core').Backend",
  createServer: "export declare const createServer: import('@holdfast/fastify').CreateServer",
  credentialsOf: 'export declare function credentialsOf (tenant: string): Promise<{ apiUrl: string, apiKey: string }>',
  from: "export declare const from: import('@holdfast/core').Backend",
  harness: "export declare const harness: import('@holdfast/core/contract').Harness",
  keys: 'export declare const keys: string',
  notes: "export declare const notes: import('@holdfast/fastify').Sessions",
  openBackend: `export declare function openBackend (
    options: { path: string, now: () => number, maxEntries: number, maxStreamBytes: number }
  ): import('@holdfast/core').Backend`,
  openBrowser: 'export declare function openBrowser (): Promise<{ close (): Promise<void> }>',
  primary: "export declare const primary: import('@holdfast/core').Backend",
  'request.user': `declare module 'fastify' {
    interface FastifyRequest {
      user: { iss: string, sub: string, azp: string, org: string, token: string, scopes: string[], roles: string[] }
    }
  }`,
  search: "export declare const search: import('@holdfast/fastify').Sessions",
  serverFor: `export declare function serverFor (browser: object, shared: object):
    import('@modelcontextprotocol/sdk/server/mcp.js').McpServer`,
  sessions: "export declare const sessions: import('@holdfast/core').Sessions",
  target: "export declare const target: import('@holdfast/core').Backend",
  to: "export declare const to: import('@holdfast/core').Backend"
}

/** @type {ts.CompilerOptions} */
const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  lib: ['lib.es2023.d.ts'],
  target: ts.ScriptTarget.ES2023,
  types: ['node'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force
}

/** Ignored by git and by the build of the image. */
const FOLDER = 'dist-test/snippets'

const readmes = ['.', ...entries('packages'), ...entries('examples')].map(dir => join(dir, 'README.md'))
const pages = [...readmes, ...entries('docs').filter(path => path.endsWith('.md'))].filter(path => existsSync(path))

rmSync(FOLDER, { recursive: true, force: true })
try {
  const blocks = pages.flatMap(blocksOf)
  linkModules()
  for (const block of blocks) write(block)
  report([...blocks.flatMap(unknownNames), ...blocks.flatMap(notInstalled), ...new Set(typeErrors(blocks))])
} finally {
  rmSync(FOLDER, { recursive: true, force: true })
}

function entries (dir) {
  return existsSync(dir) ? readdirSync(dir).map(name => `${dir}/${name}`) : []
}

/** Each block: its `page`, the `line` of its fence, its `code`, what is `given` to it, and files for both. */
function blocksOf (page) {
  const text = readFileSync(page, 'utf8')
  const taken = new Set()
  return [...text.matchAll(/(?:^ *<!-- given: ([^\n]*) -->\n)?^( *)```(ts|js)\n(.*?)^\2```$/gms)]
    .map(({ index, 0: { length }, 1: given, 2: indent, 3: language, 4: body }) => {
      const before = text.slice(0, index + length - body.length - indent.length - 4)
      const code = body.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
      const line = before.split('\n').length
      const [, name = ''] = /^\/\/ ([\w-]+\.[cm]?[jt]s)$/m.exec(code.split('\n', 1)[0]) ?? []
      const file = join(FOLDER, page, name === '' || taken.has(name) ? `line-${line}.${language}` : name)
      taken.add(name)
      return { page, before, code, line, file, given: given?.split(', ') ?? [], givenFile: `${file}.given.ts` }
    })
}

/** What any part of the workspace can import, and the packages of this repository. */
function linkModules () {
  const dirs = ['.', ...['packages', 'examples', 'testing'].flatMap(entries)]
  const own = packages.map(({ dir, manifest }) => [manifest.name, `packages/${dir}`])
  for (const [name, path] of new Map([...dirs.flatMap(modulesOf), ...own])) {
    const link = join(FOLDER, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(resolve(path), link)
  }
  writeFileSync(join(FOLDER, 'package.json'), '{ "type": "module" }')
}

function modulesOf (dir) {
  const modules = `${dir}/node_modules`
  return entries(modules).filter(path => !basename(path).startsWith('.'))
    .flatMap(path => basename(path).startsWith('@') ? entries(path) : path)
    .map(path => [path.slice(modules.length + 1), path])
}

/** The block, with one line before it that imports what is given to it. */
function write ({ code, file, given, givenFile }) {
  mkdirSync(dirname(file), { recursive: true })
  const names = given.filter(name => Object.hasOwn(GIVEN, name) && !name.includes('.'))
  const first = names.length > 0 ? `import { ${names.join(', ')} } from './${basename(givenFile, 'ts')}js'` : ''
  writeFileSync(file, `${first}\n${code}`)
  writeFileSync(givenFile, `${declarations(given)}\nexport {}`)
}

function declarations (given) {
  return given.map(name => Object.hasOwn(GIVEN, name) ? GIVEN[name] : '').join('\n')
}

function unknownNames ({ page, line, given }) {
  return given.filter(name => !Object.hasOwn(GIVEN, name))
    .map(name => `${page}:${line}: ${name} is not in the table of tools/snippets.js`)
}

function notInstalled ({ page, before, code, line }) {
  const commands = before.matchAll(/(?:npm install|pnpm add) ([^`\n]*)/g)
  const installed = new Set([...commands].flatMap(([, names]) => names.split(' ')))
  const imported = ts.preProcessFile(code, true, true).importedFiles.map(({ fileName }) => fileName)
    .filter(name => !name.startsWith('.') && !isBuiltin(name))
    .map(name => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
  return [...new Set(imported)].filter(name => !installed.has(name))
    .map(name => `${page}:${line}: imports ${name}, which no line of the page before it installs`)
}

/**
 * One compilation for all blocks and the declarations of our packages, and one more for each block that adds to the
 * types of a module: no other block may see that. Declarations of other packages are not ours to check.
 */
function typeErrors (blocks) {
  const host = cachingHost()
  const [alone, together] = [blocks.filter(changesModule), blocks.filter(block => !changesModule(block))]
  return [together, ...alone.map(block => [block])].flatMap((group, i) => {
    const roots = group.flatMap(({ file, givenFile }) => [file, givenFile])
    const program = ts.createProgram(roots, { ...OPTIONS, skipLibCheck: i > 0 }, host)
    const files = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'))
    return [
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...files.flatMap(file => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    ].map(diagnostic => complaint(diagnostic, group))
  })
}

function changesModule ({ code, given }) {
  return /^ *declare module '/m.test(`${code}\n${declarations(given)}`)
}

/** Reads and parses each file once. */
function cachingHost () {
  const host = ts.createCompilerHost(OPTIONS)
  const parsed = new Map()
  const parse = host.getSourceFile
  host.getSourceFile = (name, ...rest) => {
    if (!parsed.has(name)) parsed.set(name, parse(name, ...rest))
    return parsed.get(name)
  }
  return host
}

function complaint ({ file, start, messageText }, blocks) {
  const message = ts.flattenDiagnosticMessageText(messageText, ' ')
  if (file === undefined) return message
  const path = relative('.', file.fileName)
  const { line } = file.getLineAndCharacterOfPosition(start)
  const block = blocks.find(block => block.file === path)
  return block === undefined ? `${path}:${line + 1}: ${message}` : `${block.page}:${block.line + line}: ${message}`
}
