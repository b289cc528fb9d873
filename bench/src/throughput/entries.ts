import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ContenderName, contenders } from './contenders.js'

/** Who takes part in the rounds. */
export interface Entry {
  /** What its results go by. */
  key: string
  name: ContenderName
  /** The compiled module that serves it. */
  serve: URL
}

const OTHER = ' of the other checkout'

/** What the other checkout's results of a contender go by. */
export function otherKey (name: ContenderName): string {
  return `${name}${OTHER}`
}

/**
 * The contenders of this checkout and, after each of ours, that of another one. @param against the folder of the other
 * checkout, built
 */
export function entries (names: readonly ContenderName[], against?: string): Entry[] {
  const here = new URL('serve.js', import.meta.url)
  return names.flatMap(name => {
    const own = { key: name, name, serve: here }
    if (against === undefined || !name.startsWith('holdfast')) return [own]
    return [own, {
      key: otherKey(name), name, serve: new URL('bench/dist/throughput/serve.js', pathToFileURL(`${resolve(against)}/`))
    }]
  })
}

export function titleOf (key: string): string {
  const title = contenders[key.replace(OTHER, '') as ContenderName].title
  return key.endsWith(OTHER) ? `… ${title},${OTHER}` : title
}
