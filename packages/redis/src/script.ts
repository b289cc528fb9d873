import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Script {
  readonly source: string
  readonly sha: string
}

const NAMES = [
  'index-add', 'index-count', 'index-due', 'index-idlest', 'index-remove', 'index-soonest', 'index-take-due',
  'presence-announce', 'presence-list',
  'record-claim', 'record-create', 'record-exist', 'record-last-use', 'record-read', 'record-release', 'record-remove',
  'record-replace', 'record-reseal', 'record-settle', 'record-touch',
  'stream-append', 'stream-delivered', 'stream-drop', 'stream-heads', 'stream-insert', 'stream-list',
  'stream-read-after', 'stream-reseal', 'stream-unlink-lists'
] as const

export type ScriptName = typeof NAMES[number]

/** Each script is one operation. The header of its file in `lua/` is its signature. */
export const scripts = Object.fromEntries(NAMES.map((name) => {
  const source = readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8')
  return [name, { source, sha: createHash('sha1').update(source).digest('hex') }]
})) as Readonly<Record<ScriptName, Script>>
