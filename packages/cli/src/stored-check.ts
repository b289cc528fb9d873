import type { Backend, Codec } from '@holdfast/core'
import { sessionsOf } from './connection.js'
import { examineEra } from './era-check.js'
import { type Finding, failed, isFailed, ok } from './finding.js'

/** Sessions that are opened to check whether the keys fit. */
const SAMPLE = 100

/** Checks whether the keys open the stored sessions, and if so, what the servers with these keys say. */
export async function examineStored (backend: Backend, codec: Codec, namespace: string): Promise<Finding[]> {
  const found = await examineSample(backend, codec, namespace)
  return isFailed([found]) ? [found] : [found, ...await examineEra(backend, codec, namespace)]
}

async function examineSample (backend: Backend, codec: Codec, namespace: string): Promise<Finding> {
  let [looked, opened] = [0, 0]
  for await (const { state } of sessionsOf(backend, codec, namespace).each()) {
    looked++
    if (state !== undefined) opened++
    if (looked === SAMPLE) break
  }
  if (looked === 0) return ok('sessions', 'there are no sessions')
  const message = `${opened} of ${looked} checked sessions open with these keys and this namespace`
  return opened === looked ? ok('sessions', message) : failed('sessions', message)
}
