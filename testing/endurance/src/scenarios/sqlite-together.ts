import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { StoredRecord } from '@holdfast/core'
import { FileProcess } from '../file-process.js'
import { faultsOf, makeFolder } from '../raw-file.js'
import type { Scenario } from '../scenario.js'

const PROCESSES = 4
const HOUR = 3_600_000
const NO_LIMIT = 1e9

export const sqliteTogether: Scenario = {
  promise: 'processes that share a file lose no increment of one session, and share its caps exactly',
  figures: '4 processes, 2,500 increments each; twice 4 × 400 creations at once against a cap of 1,000',
  deadline: 15,
  run: async trial => {
    const [each, most] = [trial.volume(2_500), trial.volume(1_000)]
    const path = join(await makeFolder(), 'sessions.db')
    const begin = async (): Promise<FileProcess> => await FileProcess.start({ path })
    const processes = await Promise.all(Array.from({ length: PROCESSES }, begin))
    trial.defer(async () => { for (const one of processes) await one.kill() })
    const [first] = processes as [FileProcess]

    let [counted, conflicts] = [0, 0]
    const record = { key: 'counter', owner: '', idle: HOUR, absolute: HOUR, body: Buffer.from('0') }
    assert.equal(await first.records.create(record, { maxRecords: NO_LIMIT, maxPerOwner: NO_LIMIT }), 'created')
    const count = async ({ records }: FileProcess): Promise<void> => {
      let known = await records.read('counter') as StoredRecord
      for (let done = 0; done < each;) {
        const total = Number(Buffer.from(known.body).toString())
        assert.equal(total + 1, known.version, 'a body is not that of its version')
        const version = await records.replace('counter', known.version, Buffer.from(String(total + 1)))
        if (version === 'conflict') {
          conflicts++
        } else {
          assert.equal(version, known.version + 1)
          done++
          trial.progress(++counted, PROCESSES * each, `${counted} increments, ${conflicts} conflicts`)
        }
        known = await records.read('counter') as StoredRecord
      }
    }
    await Promise.all(processes.map(count))
    const { version, body } = await first.records.read('counter') as StoredRecord
    assert.deepEqual([version, Buffer.from(body).toString()], [PROCESSES * each + 1, String(PROCESSES * each)])
    assert.equal(await first.records.remove('counter').then(removed => (removed as StoredRecord).version), version)

    const attempts = Math.ceil(0.4 * most)
    const rush = async (owner: string, limits: { maxRecords: number, maxPerOwner: number }): Promise<string[]> =>
      (await Promise.all(processes.flatMap((one, n) => Array.from({ length: attempts }, async (_, i) =>
        await one.records.create({ ...record, key: `${owner}.${n}.${i}`, owner }, limits))))).sort()
    const expected = (refusal: string): string[] =>
      Array.from({ length: PROCESSES * attempts }, (_, i) => i < most ? 'created' : refusal)
    assert.deepEqual(await rush('ada', { maxRecords: NO_LIMIT, maxPerOwner: most }), expected('owner-full'))
    assert.equal(await first.records.count('ada'), most)
    assert.deepEqual(await rush('bob', { maxRecords: 2 * most, maxPerOwner: NO_LIMIT }), expected('full'))
    assert.equal(await first.records.count(), 2 * most)
    for (const one of processes) await one.kill()
    assert.equal(await faultsOf(path), '')
    return `${counted} increments by ${PROCESSES} processes are ${counted}, after ${conflicts} conflicts; ` +
      `of ${PROCESSES * attempts} creations at once exactly ${most} fitted, per owner and in all`
  }
}
