// docs/configuration.md and the table of options in the README of the plugin, from what the code itself reads: the
// schema and the interface of the plugin's options, the options of the backends, and the table of variables of the
// reference server. Without arguments it compares, with --write it writes. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs'
import { VARIABLES } from '../examples/reference-server/dist/variables.js'
import { OptionsSchema } from '../packages/fastify/dist/options-schema.js'
import { DEFAULTS as MEMORY } from '../packages/memory/dist/options.js'
import { DEFAULTS as REDIS } from '../packages/redis/dist/options.js'
import { documentedMembers } from './documented-members.js'
import { pluginOptions } from './plugin-options.js'
import { report } from './packages.js'

const PAGE = 'docs/configuration.md'
const README = 'packages/fastify/README.md'
/** The table of options in the README. */
const TABLE = /^\| option \|.*?(?=\n\n)/ms
const plugin = pluginOptions(OptionsSchema, 'packages/fastify/src/options.ts')
const redis = backendOptions('packages/redis/src/options.ts', 'RedisOptions', REDIS)

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

${backendTable(backendOptions('packages/memory/src/options.ts', 'MemoryOptions', MEMORY))}

## \`redis()\`

[@holdfast/redis](../packages/redis/README.md). One of \`client\`, \`url\` and \`connection\` must be given; \`connection\` may go with \`url\`.

${backendTable(redis)}

## Variables

The plugin reads one variable of the environment: \`HOLDFAST_KEYS\`, for the option \`keys\`. [The command line](../packages/cli/README.md#options) reads that
one and a few of its own. All others are those of the
[reference server](../examples/reference-server/README.md), which [examples/deploy](../examples/deploy/README.md) runs. There, an empty value and a \`HOLDFAST_\` variable that is not in this table stop the start as well.

${table(['variable', 'default', 'what it sets'], VARIABLES.map(variable => [code(variable.name), absent(variable), variable.about]))}
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

function absent (variable) {
  if (variable.absent !== undefined) return variable.absent
  if (variable.option === undefined) return code(variable.default)
  const [whose, options, name] = variable.option.startsWith('redis.')
    ? ['redis()', redis, variable.option.slice(6)]
    : ['the plugin', plugin, variable.option]
  return `as ${whose}: ${options.find(option => option.name === name).fallback}`
}

function table (head, rows) {
  const row = cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [head, head.map(() => '---'), ...rows].map(row).join('\n')
}

function code (text) {
  return `\`${text}\``
}
