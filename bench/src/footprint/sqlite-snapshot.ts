import { sqlite } from '@holdfast/sqlite'
import { withPath } from '../folder.js'
import type { Figure } from './figure.js'
import { snapshot } from './snapshot.js'

/** From one file of the backend to a snapshot, and from there to another one. */
export async function sqliteSnapshot (count: number): Promise<Figure[]> {
  let files = 0
  return await withPath(async path => await snapshot(count, undefined, {
    name: ' in a file', connect: () => sqlite({ path: `${path}-${++files}` }), checked: false
  }))
}
