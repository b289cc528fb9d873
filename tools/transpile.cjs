// How ts-node, which tap uses, gets JavaScript out of a test or of what it imports: what was transpiled once is kept, so that each of
// some two hundred test processes need not do it again. All sources are ES modules.
const { createHash } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { threadId } = require('node:worker_threads')
const ts = require('typescript')

const folder = join(__dirname, '../node_modules/.cache/transpiled')

exports.create = ({ service: { config: { options } } }) => {
  mkdirSync(folder, { recursive: true })
  const { target, verbatimModuleSyntax } = options
  const compilerOptions = { target, verbatimModuleSyntax, module: ts.ModuleKind.ESNext, sourceMap: true, inlineSources: true }
  const salt = `${ts.version} ${JSON.stringify(compilerOptions)}`

  return {
    transpile (code, { fileName }) {
      const path = join(folder, createHash('sha256').update(`${salt}\0${fileName}\0${code}`).digest('hex'))
      const known = read(path)
      if (known !== undefined) return known
      const { outputText, sourceMapText, diagnostics } = ts.transpileModule(code, { fileName, compilerOptions, reportDiagnostics: true })
      const made = { outputText, sourceMapText }
      if (diagnostics.length > 0) return { ...made, diagnostics }
      // Whole or not there: another process, or the thread that loads modules, may be reading or writing the same.
      const temporary = `${path}.${process.pid}.${threadId}`
      writeFileSync(temporary, JSON.stringify(made))
      renameSync(temporary, path)
      return made
    }
  }
}

function read (path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
