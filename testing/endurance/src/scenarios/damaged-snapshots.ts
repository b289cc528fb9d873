import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type RestoreReport, Sessions, type SnapshotStore, sealed } from '@holdfast/core'
import { Envelope, Keyring, generateKey } from '@holdfast/envelope'
import { memory } from '@holdfast/memory'
import type { Scenario } from '../scenario.js'

const NEWLINE = 10
const BITS = 8

export const damagedSnapshots: Scenario = {
  promise: 'of a snapshot that is cut off or changed anywhere, what is whole comes back as it was, ' +
    'and that something is wrong is said',
  figures: 'cut off after every byte, and with every single bit changed',
  deadline: 15,
  run: async trial => {
    const keyring = new Keyring(generateKey())
    const begin = (): Sessions => new Sessions({ backend: memory(), codec: sealed(new Envelope(keyring), keyring) })
    const made = begin()
    for (const subject of ['ada', 'bob', 'eve']) {
      const { key } = await made.create({ principal: { subject }, data: { subject } })
      await made.vault.backend.events.append({ key, name: 'a' }, [Buffer.from(subject)])
    }
    const all = await stored(made)
    const snapshot = await exported(made)
    const header = snapshot.indexOf(NEWLINE) + 1
    const ends = [...snapshot.keys()].filter(at => snapshot[at] === NEWLINE)
    const records = snapshot.toString().split('\n').map(line => line.startsWith('{"record"'))
    const every = trial.volume(snapshot.length) / snapshot.length
    const chosen = (at: number): boolean => Math.floor(at * every) !== Math.floor((at - 1) * every)

    const restore = async (content: Buffer, what: string): Promise<RestoreReport> => {
      const sessions = begin()
      const read = async (): Promise<Readable> => Readable.from([content])
      const report = await sessions.restoreSessionState({ read, write: async () => {} })
      const back = await stored(sessions)
      for (const [name, text] of back) {
        assert.equal(text, all.get(name), `${what}: something came back that was never there`)
      }
      assert.equal([...back.keys()].filter(name => !name.includes(' ')).length, report.restored, what)
      await sessions.vault.backend.close()
      return report
    }

    let tries = 0
    for (let length = 0; length < snapshot.length - 1; length++) {
      if (!chosen(length)) continue
      const { restored, invalid } = await restore(snapshot.subarray(0, length), `cut off after ${length} bytes`)
      // The last line need not end in a newline.
      const whole = ends.filter(end => end <= length).length
      assert.equal(restored, records.slice(0, whole).filter(Boolean).length, `cut off after ${length} bytes`)
      assert.ok(invalid.length > 0, `cut off after ${length} bytes, and nobody noticed`)
      tries++
    }
    trial.tell(`cut off at ${tries} places`)
    for (let at = 0; at < snapshot.length; at++) {
      if (!chosen(at)) continue
      for (let bit = 0; bit < BITS; bit++) {
        const what = `bit ${bit} of byte ${at} changed`
        const changed = Buffer.from(snapshot)
        changed[at] = (snapshot[at] as number) ^ (1 << bit)
        const { restored, invalid } = await restore(changed, what)
        const [whole, found] = [snapshot[at] === NEWLINE ? 1 : 2, restored + invalid.length]
        if (at < header) assert.ok(restored === 3 || (restored === 0 && invalid.length > 0), `${what}: ${restored}`)
        else assert.ok(restored >= whole && found >= 3, `${what}: ${restored}`)
        if (at >= header && at < snapshot.length - 1) assert.ok(invalid.length > 0, `${what}, and nobody noticed`)
        tries++
      }
      trial.progress(at, snapshot.length, `changed up to byte ${at} of ${snapshot.length}`)
    }
    return `${tries} damaged snapshots of ${snapshot.length} bytes: ` +
      'whatever came back was as it had been, and every loss was told'
  }
}

async function exported (sessions: Sessions): Promise<Buffer> {
  const chunks: Buffer[] = []
  const write: SnapshotStore['write'] = async stream => { for await (const chunk of stream) chunks.push(chunk) }
  await sessions.exportSessionState({ read: () => undefined, write })
  return Buffer.concat(chunks)
}

/** What a backend holds, comparably: sessions by their keys, and their streams. */
async function stored ({ vault: { backend } }: Sessions): Promise<Map<string, string>> {
  const { records } = await backend.records.list({ limit: 100 })
  const streams = await backend.events.streams(records.map(({ key }) => key))
  const sessions = records.map(({ key, owner, version, createdAt, body }): [string, string] =>
    [key, JSON.stringify([owner, version, createdAt, [...body]])])
  return new Map([...sessions, ...streams.map(({ key, ...stream }): [string, string] =>
    [`${key} ${stream.name}`, JSON.stringify(stream)])])
}
