import assert from 'node:assert/strict'
import type { StoredStream } from '../backend.js'
import { newName } from './names.js'
import { bytes } from './trial.js'
import type { Trial } from './trial.js'

/** A stream as another backend might have it: trimmed, and with two entries. */
export function streamToImport (key: string, given: Partial<StoredStream> = {}): StoredStream {
  return {
    key,
    name: newName(),
    head: bytes('facts'),
    floor: 5,
    entries: ['f', 'g'].map(bytes),
    ended: false,
    delivered: 6,
    ...given
  }
}

export async function importedStream (t: Trial, given: Partial<StoredStream> = {}): Promise<StoredStream> {
  const stream = streamToImport(await t.create(), given)
  assert.equal(await t.events.importStream(stream), true)
  return stream
}
