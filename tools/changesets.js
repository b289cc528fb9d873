// Every publishable package is in the fixed group, and what was not released yet has a changeset that speaks to the
// user.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { packages, readJson, report } from './packages.js'

const names = packages.map(({ manifest }) => manifest.name)
const grouped = readJson('.changeset/config.json').fixed.flat()
const changesets = readdirSync('.changeset').filter(file => file.endsWith('.md') && file !== 'README.md').map(parse)
const pending = new Set(changesets.flatMap(({ bumps }) => Object.keys(bumps)))

report([
  ...names.filter(name => !grouped.includes(name))
    .map(name => `.changeset/config.json: ${name} is not in the fixed group`),
  ...grouped.filter(name => !names.includes(name)).map(name => `.changeset/config.json: there is no package ${name}`),
  ...changesets.flatMap(({ file, bumps, text }) => [
    ...Object.entries(bumps).filter(
      ([name, bump]) => !names.includes(name) || !['major', 'minor', 'patch'].includes(bump)
    )
      .map(([name, bump]) => `${file}: '${name}': ${bump} is not a package and a bump`),
    ...(text === '' ? [`${file}: says nothing to the user`] : [])
  ]),
  ...packages.filter(({ dir, manifest }) => !pending.has(manifest.name) && !existsSync(`packages/${dir}/CHANGELOG.md`))
    .map(({ manifest }) => `.changeset: ${manifest.name} was never released and has no changeset`)
])

function parse (name) {
  const file = `.changeset/${name}`
  const [, head = '', text = ''] = /^---\n(.*?)^---\n(.*)$/ms.exec(readFileSync(file, 'utf8')) ?? []
  const bumps = Object.fromEntries(
    head.split('\n').filter(Boolean).map(line => line.split(/:\s*/).map(part => part.replace(/^['"]|['"]$/g, '')))
  )
  return { file, bumps, text: text.trim() }
}
