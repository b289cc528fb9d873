import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Script {
  readonly source: string
  readonly sha: string
}

const NAMES = [
  'announce', 'append', 'claim', 'count', 'create', 'delivered', 'drop', 'due', 'enter', 'exist', 'idlest', 'leave',
  'present', 'read', 'read-after', 'release', 'remove', 'replace', 'reseal', 'reseal-stream', 'restore-stream',
  'settle', 'soonest', 'stream-heads', 'streams', 'sweep', 'take', 'touch', 'uses'
] as const

export type ScriptName = typeof NAMES[number]

/** One operation each; the header of a file in `lua/` is its signature. */
export const scripts = Object.fromEntries(NAMES.map((name) => {
  const source = readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8')
  return [name, { source, sha: createHash('sha1').update(source).digest('hex') }]
})) as Readonly<Record<ScriptName, Script>>
