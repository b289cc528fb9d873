import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { type MirroredBackend, type SwitchableBackend, mirrored, switchable } from '../dist/index.js'
import { onPartition, runContract } from '../dist/contract/index.js'
import type { Reference } from './fixtures/reference.js'
import { routed } from './fixtures/routed.js'

/** What lives in a backend, comparably; of times only what nothing extends. */
function living (backend: Reference): Record<string, unknown> {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const records = Object.fromEntries(Array.from(backend.stored.values()).flatMap(({ key, usedAt, body, ...record }) => {
    if (backend.living(key) === undefined) return []
    const logs = Array.from(
      backend.logs.get(key) ?? [],
      ([name, { head, entries, ...log }]) => [name, { ...log, head: text(head), entries: entries.map(text) }]
    )
    return [[key, { ...record, body: text(body), logs: Object.fromEntries(logs) }]]
  }))
  return records
}

/** {@link living}, and the same of each partition in which anything lives. */
function livingAnywhere (backend: Reference): unknown {
  const partitions = Array.from(backend.known, ([name, one]) => [name, living(one)] as const)
  return {
    ...living(backend),
    partitions: Object.fromEntries(partitions.filter(([, records]) => Object.keys(records).length > 0))
  }
}

/** Makes every answer come a few turns of the loop later, so that calls and what goes on behind them take turns. */
function slow (backend: Reference): Reference {
  let calls = 0
  for (const part of [backend.records, backend.events]) {
    for (const [name, call] of Object.entries(part) as Array<[string, (...args: unknown[]) => Promise<unknown>]>) {
      Object.assign(part, {
        [name]: async (...args: unknown[]) => {
          const answer = await call(...args)
          for (let turns = calls++ % 3; turns > 0; turns--) await turn()
          return answer
        }
      })
    }
  }
  return backend
}

t.test('a mirrored backend keeps the contract, and its copy is the same at the end of each check', async t => {
  let backend: MirroredBackend
  runContract((name, run) => t.test(name, run), routed(
    (one, two) => (backend = mirrored(slow(one), [slow(two)])),
    async (one, two) => {
      if (backend.lag.length === 0) return // it is closed
      await backend.promote(two)
      assert.deepEqual(livingAnywhere(two), livingAnywhere(one))
    }
  ))
})

t.test('a partition of a mirrored backend keeps the contract', async t => {
  runContract((name, run) => t.test(name, run), onPartition(routed((one, two) => mirrored(slow(one), [slow(two)]))))
})

t.test('a backend that is switched keeps the contract meanwhile', async t => {
  let backend: SwitchableBackend
  let switched: Promise<unknown> | undefined
  runContract((name, run) => t.test(name, run), routed(
    (one, two) => {
      backend = switchable(slow(one))
      switched = undefined
      const { create } = backend.records
      backend.records.create = async (record, limits) => {
        switched ??= backend.switchTo(slow(two), { batchSize: 2 })
        return await create.call(backend.records, record, limits)
      }
      return backend
    },
    async (_one, two) => {
      await switched
      if (switched !== undefined) assert.equal(backend.serving, two)
    },
    async () => {
      // One that is closed during a switch gives the switch up.
      await switched
      const before = backend
      backend = switchable(before.serving)
      return backend
    }
  ))
})
