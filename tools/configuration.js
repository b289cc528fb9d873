// docs/configuration.md and the table of options in the README of the plugin, from what the code itself reads: the
// schema and the interface of the plugin's options, the options of the backends, and the tables of variables of
// @holdfast/env and of the reference server. Without arguments it compares, with --write it writes. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs'
import { OWN } from '../examples/reference-server/dist/variables.js'
import { VARIABLES } from '../packages/env/dist/index.js'
import { OptionsSchema } from '../packages/fastify/dist/options-schema.js'
import { DEFAULTS as MEMORY } from '../packages/memory/dist/options.js'
import { DEFAULTS as REDIS } from '../packages/redis/dist/options.js'
import { DEFAULTS as SQLITE } from '../packages/sqlite/dist/options.js'
import { documentedMembers } from './documented-members.js'
import { pluginOptions } from './plugin-options.js'
import { report } from './packages.js'

const PAGE = 'docs/configuration.md'
const README = 'packages/fastify/README.md'
/** The table of options in the README. */
const TABLE = /^\| option \|.*?(?=\n\n)/ms
const plugin = pluginOptions(OptionsSchema, 'packages/fastify/src/options.ts')
const redis = backendOptions('packages/redis/src/options.ts', 'RedisOptions', REDIS)
const memory = backendOptions('packages/memory/src/options.ts', 'MemoryOptions', MEMORY)
const sqlite = backendOptions('packages/sqlite/src/options.ts', 'SqliteOptions', SQLITE)
/** Whose options are set by paths that begin so; all others are those of the plugin. */
const BACKENDS = {
  redis: ['`redis()`', redis],
  sqlite: ['`sqlite()`', sqlite],
  memory: ['`memory()`', memory],
  bounds: ['the backend', redis]
}

const page = `<!-- Written by tools/configuration.js: change the schemas, then run \`node tools/configuration.js --write\`. -->
# Configuration

Every option and every variable. A name that is not here, or a value that is not what it should be, fails the start with a message that names it.
Durations are milliseconds, or a whole number with a unit: \`'250ms'\`, \`'30s'\`, \`'15m'\`, \`'24h'\`, \`'7d'\`.

## The plugin

\`app.register(holdfast, { … })\` of [@holdfast/fastify](../packages/fastify/README.md). Only \`createServer\` must be given.

${table(['option', 'value', 'default', ''], plugin.map(({ name, value, fallback, about }) => [code(name), value, fallback, about]))}

\`snapshot\` takes \`file(path, { every })\`: with \`every\`, a duration, the file is also written while the app runs.

## \`memory()\`

[@holdfast/memory](../packages/memory/README.md), the backend that the plugin takes when it is given none. A bound may be \`Infinity\`.

${backendTable(memory)}

## \`sqlite()\`

[@holdfast/sqlite](../packages/sqlite/README.md), a file that all processes of one machine share. Only \`path\` must be given. A bound may be \`Infinity\`.

${backendTable(sqlite)}

## \`redis()\`

[@holdfast/redis](../packages/redis/README.md). One of \`client\`, \`url\` and \`connection\` must be given; \`connection\` may go with \`url\`.

${backendTable(redis)}

## Variables

\`fromEnv()\` of [@holdfast/env](../packages/env/README.md) reads these. The plugin by itself reads one of them: \`HOLDFAST_KEYS\`, for the option \`keys\`.
[The command line](../packages/cli/README.md#options) reads that one, those of Redis, and two of its own. An empty value, a \`HOLDFAST_\` variable that is not in the table, a
second spelling, and variables that do not go together stop the start. [Moving from others](moving-from-others.md) has the names that other session stores give to the same things.

${variables(VARIABLES)}

### The reference server

The [reference server](../examples/reference-server/README.md), which [examples/deploy](../examples/deploy/README.md) runs, reads all of the above and these.
Where \`HOLDFAST_MODERN\` is not set, it takes \`auto\`. Where \`HOLDFAST_BACKEND\` is not set, it takes \`sqlite\`, with a file and keys of its own in the folder \`.holdfast\` of the repository, except with \`NODE_ENV=production\`.

${variables(Object.values(OWN))}
`

const readme = readFileSync(README, 'utf8')
const written = readme.replace(
  TABLE,
  () => table(['option', 'default', ''], plugin.map(({ name, fallback, about }) => [code(name), fallback, about]))
)
const files = [[PAGE, page], [README, written]]

if (process.argv.includes('--write')) for (const [file, text] of files) writeFileSync(file, text)
else if (!TABLE.test(readme)) report([`${README}: has no table of options`])
else {
  report(files.filter(([file, text]) => readFileSync(file, 'utf8') !== text)
    .map(([file]) => `${file}: is not what the code says; run node tools/configuration.js --write`))
}

function backendOptions (file, name, defaults) {
  return documentedMembers(file, name).map(member => {
    const [, stated] = / ?Default:? (.*?)\.$/.exec(member.about) ?? []
    const fallback = Object.hasOwn(defaults, member.name) ? code(defaults[member.name]) : stated ?? ''
    return { ...member, fallback, about: member.about.replace(/ ?Default:? .*$/, '') }
  })
}

function backendTable (options) {
  return table(
    ['option', 'value', 'default', ''],
    options.map(({ name, type, fallback, about }) => [code(name), code(type), fallback, about])
  )
}

function variables (all) {
  return table(
    ['variable', 'sets', 'default', ''],
    all.map(variable => [code(variable.name), sets(variable), absent(variable), variable.about])
  )
}

/** The option that a variable sets, as it is called where it is given. */
function sets ({ option = '' }) {
  const [group, name] = option.split('.')
  const special = {
    backend: '`backend`',
    snapshot: name === 'path' ? '`snapshot`' : '`every` of `snapshot`',
    fallback: name === 'to' ? '`withFallback()`' : '`probe` of `withFallback()`',
    copy: `\`${name}\` of a second \`redis()\``
  }
  if (Object.hasOwn(special, group)) return special[group]
  if (Object.hasOwn(BACKENDS, group)) return `\`${name}\` of ${BACKENDS[group][0]}`
  return option === '' ? '' : code(option)
}

function absent (variable) {
  if (variable.absent !== undefined) return variable.absent
  if (variable.option === undefined) return code(variable.default)
  const [group, member] = variable.option.split('.')
  const [whose, options, name] = Object.hasOwn(BACKENDS, group)
    ? [...BACKENDS[group], member]
    : ['the plugin', plugin, variable.option]
  const { fallback } = options.find(option => option.name === name)
  return fallback === '' ? 'none' : `as ${whose}: ${fallback}`
}

function table (head, rows) {
  const row = cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [head, head.map(() => '---'), ...rows].map(row).join('\n')
}

function code (text) {
  return `\`${text}\``
}
