import assert from 'node:assert/strict'
import type { StoredStream, StreamRef } from '../backend.js'
import { bytes, text } from './trial.js'
import type { Trial } from './trial.js'

/** Appends three entries to a stream. Resolves to the stored stream. */
export async function beginStream (t: Trial, ref?: StreamRef): Promise<StoredStream> {
  const stream = ref ?? await t.stream()
  await t.events.append(stream, ['a', 'b', 'c'].map(bytes), { head: bytes('head') })
  return await storedStream(t, stream)
}

export async function storedStream (t: Trial, { key, name }: StreamRef): Promise<StoredStream> {
  const stream = (await t.events.streams([key])).find((one) => one.name === name)
  assert.ok(stream, 'the stream is stored')
  return stream
}

/** The same stream as if sealed under another key: every body is different and longer. */
export function resealed (stream: StoredStream): StoredStream {
  const anew = (body: Uint8Array): Uint8Array => bytes(`*${text(body)}*`)
  return { ...stream, head: anew(stream.head), entries: stream.entries.map(anew) }
}
