import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import {
  type Codec, HoldfastError, type RestoreReport, type StoredRecord, SNAPSHOT_REASONS, type SnapshotReason, ownerDigest,
  recordKey, unsealed
} from '../dist/index.js'
import { ADA, BOB } from './fixtures/manager.js'
import { header, plainly, signed } from './fixtures/forge.js'
import { held, start } from './fixtures/process.js'
import { sealing } from './fixtures/sealing.js'
import { Shelf } from './fixtures/shelf.js'

const NOTHING = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }

/** A small snapshot: header, record, stream, record, record, stream, end. */
async function small () {
  const made = start()
  const sessions = [
    await made.sessions.create({ principal: ADA, data: { n: 1 } }),
    await made.sessions.create({ data: { n: 2 } }),
    await made.sessions.create({ principal: BOB })
  ]
  for (const session of [sessions[0], sessions[2]]) {
    await made.backend.events.append({ key: session?.key ?? '', name: 'a' }, [Buffer.from('entry')])
  }
  const shelf = new Shelf()
  await made.sessions.exportSessionState(shelf)
  return { bytes: shelf.bytes as Buffer, lines: shelf.lines, all: held(made.backend) as Held, made }
}

type Held = Record<'records' | 'logs', Record<string, unknown>>

async function restore (content: string | Buffer, options: Parameters<typeof start>[0] = {}) {
  const process = start(options)
  const shelf = new Shelf(content)
  const report = await process.sessions.restoreSessionState(shelf)
  return { ...process, shelf, report, back: held(process.backend) as Held }
}

function lineNumbers ({ invalid }: RestoreReport): number[] {
  return invalid.map(({ line }) => line).sort((a, b) => a - b)
}

/** Whatever came back is something that was there, as it was. */
function isPart (back: Held, all: Held): boolean {
  return (['records', 'logs'] as const).every(kind => Object.entries(back[kind]).every(([key, value]) => {
    const whole = all[kind][key] as Record<string, unknown> | undefined
    return kind === 'records'
      ? JSON.stringify(value) === JSON.stringify(whole)
      : Object.entries(value as object).every(([name, log]) => JSON.stringify(log) === JSON.stringify(whole?.[name]))
  }))
}

/**
 * Every place at the edges of lines and in the header, and some elsewhere. The endurance suite damages snapshots
 * everywhere.
 */
function places (bytes: Buffer): number[] {
  const header = bytes.indexOf('\n')
  return [...bytes.keys()].filter(at => at <= header || at % 7 === 0 || bytes.subarray(at - 1, at + 2).includes('\n'))
}

t.test('cut off anywhere, a snapshot brings back what is whole, and says that the end is missing', async (t) => {
  const { bytes, lines, all } = await small()
  const wrong: string[] = []
  for (const length of places(bytes).slice(0, -1)) {
    const whole = bytes.subarray(0, length).toString().split('\n').slice(0, -1)
    const complete = lines.findIndex((line, index) => line !== whole[index])
    const cutAtEnd = bytes.subarray(0, length).toString().split('\n').at(-1) === lines[whole.length]
    const expected = lines.slice(0, cutAtEnd ? complete + 1 : complete)
      .filter(line => line.startsWith('{"record"')).length
    const { report, back, shelf } = await restore(bytes.subarray(0, length))
    if (
      report.restored !== expected || report.invalid.length === 0 || !isPart(back, all) ||
      !shelf.kept[0]?.equals(bytes.subarray(0, length))
    ) {
      wrong.push(`${length} bytes: ${JSON.stringify(report)}`)
    }
  }
  t.strictSame(wrong, [])
  t.match(
    (await restore(bytes.subarray(0, -1))).report,
    { restored: 3, invalid: [] },
    'but the last line need not end in a newline'
  )
})

t.test('with any byte changed, at most the session on that line is lost, ' +
  'and with a newline changed those on both sides', async (t) => {
  const { bytes, lines, all } = await small()
  const start = (lines[0]?.length ?? 0) + 1
  const wrong: string[] = []
  for (const at of places(bytes).filter(at => at >= start)) {
    const changed = Buffer.from(bytes)
    changed[at] = (bytes[at] as number) ^ (1 << (at % 8))
    const { report, back } = await restore(changed)
    if (
      report.restored < (bytes[at] === 10 ? 1 : 2) || report.restored + report.invalid.length < 3 || !isPart(back, all)
    ) wrong.push(`byte ${at}: ${JSON.stringify(report)}`)
    if (at < bytes.length - 1 && report.invalid.length === 0) wrong.push(`byte ${at} was changed and nobody noticed`)
  }
  for (let at = 0; at < start; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (bytes[at] as number) ^ (1 << (at % 8))
    const { report, back } = await restore(changed)
    if (
      ![0, 3].includes(report.restored) || (report.restored === 0 && report.invalid.length === 0) || !isPart(back, all)
    ) wrong.push(`byte ${at} of the header: ${JSON.stringify(report)}`)
  }
  t.strictSame(wrong, [])
})

t.test('lines that are missing, repeated or in another order cost nothing else, and are noticed', async (t) => {
  const { lines, all } = await small()
  const [head = '', ada = '', adas = '', nobody = '', bob = '', bobs = '', end = ''] = lines
  const orders: Array<[name: string, lines: string[], restored: number, duplicate: number, invalid: number[]]> = [
    ['a record is missing', [head, ada, adas, bob, bobs, end], 2, 0, [6]],
    ['records are swapped', [head, bob, bobs, nobody, ada, adas, end], 3, 0, [7]],
    ['a record and its stream are swapped', [head, adas, ada, nobody, bob, bobs, end], 3, 0, [2, 7]],
    ['a record is repeated', [head, ada, adas, ada, adas, nobody, bob, bobs, end], 3, 1, [9]],
    ['a stream is repeated', [head, ada, adas, adas, nobody, bob, bobs, end], 3, 0, [8]],
    ['a stream has gone to another record', [head, ada, nobody, adas, bob, bobs, end], 3, 0, [4, 7]],
    ['the end is in the middle', [head, ada, adas, end, nobody, bob, bobs], 3, 0, [4]],
    ['something follows the end', [...lines, ada, adas], 3, 0, [8, 9]],
    ['the end is repeated', [...lines, end], 3, 0, [8]],
    ['the snapshot is there twice', [...lines, ...lines], 3, 0, [8, 9, 10, 11, 12, 13, 14]],
    ['the header is repeated', [head, ada, adas, head, nobody, bob, bobs, end], 3, 0, [4]],
    ['something comes before the header', ['#!/bin/sh', '{}', ...lines], 3, 0, [1, 2]],
    ['the header is second', [ada, head, adas, nobody, bob, bobs, end], 2, 0, [1, 3, 7]],
    ['the header is missing', lines.slice(1), 0, 0, [1, 2, 3, 4, 5, 6]],
    ['only the header is left', [head], 0, 0, [2]]
  ]
  for (const [name, order, restored, duplicate, invalid] of orders) {
    const content = order.join('\n') + '\n'
    const { report, back, shelf } = await restore(content)
    t.match(report, { restored, duplicate }, name)
    t.strictSame(lineNumbers(report), invalid, name)
    t.ok(isPart(back, all))
    t.strictSame(shelf.kept.map(String), [content], 'a copy is kept')
  }
})

t.test('lines may end in CRLF, and empty ones do not count', async (t) => {
  const { lines, all } = await small()
  for (const content of [
    lines.join('\r\n') + '\r\n', `\n\r\n${lines.join('\n\n\n')}`, `${lines.join('\n')}${'\n'.repeat(1_000_000)}`
  ]) {
    const { report, back } = await restore(content)
    t.strictSame(report, { ...NOTHING, restored: 3 })
    t.strictSame(back, all)
  }
})

t.test('lines of another snapshot under the same keys are refused one by one', async (t) => {
  const [one, other] = [await small(), await small()]
  const content = [...one.lines.slice(0, 3), ...other.lines.slice(1, 4), ...one.lines.slice(3)].join('\n')
  const { report, back } = await restore(content)
  t.strictSame(back, one.all)
  t.strictSame(report, {
    ...NOTHING,
    restored: 3,
    invalid: [4, 5, 6].map(line => ({ line, code: 'ALTERED', reason: 'altered, or from another snapshot' }))
  })
})

t.test('a whole file that is none of ours is refused with a reason', async (t) => {
  const { bytes } = await small()
  const files: Array<[content: string | Buffer, code: SnapshotReason]> = [
    ['', 'EMPTY'],
    ['\n\n', 'EMPTY'],
    [randomBytes(200_000), 'NOT_A_SNAPSHOT'],
    [gzipSync(bytes), 'NOT_A_SNAPSHOT'],
    ['{"holdfast":"other"}', 'NOT_A_SNAPSHOT'],
    ['{"holdfast":', 'NOT_A_SNAPSHOT'],
    ['[]', 'NOT_A_SNAPSHOT'],
    ['[{"sessionId":"1"}]', 'NOT_A_SNAPSHOT'],
    ['['.repeat(5_000_000), 'NOT_A_SNAPSHOT'],
    [`{"holdfast":${'['.repeat(5_000_000)}`, 'NOT_A_SNAPSHOT'],
    [Buffer.alloc(40 * 2 ** 20, '{"holdfast":"snapshot"'), 'NOT_A_SNAPSHOT'],
    ['{"holdfast":"snapshot"}', 'UNKNOWN_FORMAT'],
    ['{"holdfast":"snapshot","format":2}', 'UNKNOWN_FORMAT'],
    ['{"holdfast":"snapshot","format":1}', 'HEADER_DAMAGED'],
    ['{"holdfast":"snapshot","format":1,"namespace":"mcp","createdAt":-1,"mac":""}', 'HEADER_DAMAGED'],
    ['{"holdfast":"snapshot","format":1,"namespace":"mcp","createdAt":1,"mac":[1]}', 'HEADER_DAMAGED'],
    ['{"holdfast":"snapshot","format":1,"namespace":"mcp","createdAt":1,"mac":""}', 'HEADER_DAMAGED'],
    ['{"holdfast":"snapshot","format":1,"namespace":"other","createdAt":1,"mac":""}', 'HEADER_DAMAGED'],
    [
      '{"holdfast":"snapshot","format":1,"namespace":"mcp","createdAt":1,"mac":"","__proto__":{"createdAt":1},' +
        '"constructor":0}',
      'HEADER_DAMAGED'
    ],
    [await header({ namespace: 'other' }), 'OTHER_NAMESPACE']
  ]
  for (const [content, code] of files) {
    const { report, back, shelf } = await restore(content)
    t.strictSame(report.invalid[0], { line: 1, code, reason: SNAPSHOT_REASONS[code] })
    t.strictSame(back, { records: {}, logs: {} })
    t.equal(shelf.kept.length, 1)
  }
})

t.test('a snapshot of another namespace under the same keys brings nothing', async (t) => {
  const { bytes } = await small()
  t.strictSame((await restore(bytes, { namespace: 'other' })).report, {
    ...NOTHING, invalid: [{ line: 1, code: 'OTHER_NAMESPACE', reason: 'a snapshot of another namespace' }]
  })
  const renamed = bytes.toString().replace('"namespace":"mcp"', '"namespace":"other"')
  t.strictSame((await restore(renamed, { namespace: 'other' })).report, {
    ...NOTHING, invalid: [{ line: 1, code: 'HEADER_DAMAGED', reason: 'the header is damaged' }]
  })
})

t.test('an intact snapshot that does not open waits for its key, even one of the right id', async (t) => {
  const { bytes, all } = await small()
  const wrong: Codec = { ...sealing('k1'), open: () => { throw new Error('does not open') } }
  for (const codec of [wrong, sealing('k2'), unsealed]) {
    const shelf = new Shelf(bytes)
    const { sessions } = start({ codec, snapshot: shelf })
    t.strictSame(await sessions.restoreSessionState(), {
      ...NOTHING, invalid: [{ line: 1, code: 'UNKNOWN_KEY', reason: SNAPSHOT_REASONS.UNKNOWN_KEY }]
    })
    t.equal(sessions.incomplete, true)
    await t.rejects(sessions.exportSessionState(), { code: 'HOLDFAST_SNAPSHOT_KEPT' })
    t.ok(shelf.bytes?.equals(bytes))
    t.strictSame((await restore(bytes)).back, all)
  }
})

t.test('one under a revoked key, or under none where there are keys, is given up; a copy is kept', async (t) => {
  const { bytes } = await small()
  const revoked: Codec = { ...sealing('k1'), open: () => { throw new HoldfastError('HOLDFAST_INVALID_STATE') } }
  const readable = new Shelf()
  await start({ codec: unsealed }).sessions.exportSessionState(readable)
  const files: Array<[Buffer, Codec, SnapshotReason]> = [
    [bytes, revoked, 'REVOKED_KEY'],
    [readable.bytes as Buffer, sealing('k1'), 'NOT_SEALED']
  ]
  for (const [content, codec, code] of files) {
    const shelf = new Shelf(content)
    const { sessions } = start({ codec, snapshot: shelf })
    t.strictSame(await sessions.restoreSessionState(), {
      ...NOTHING, invalid: [{ line: 1, code, reason: SNAPSHOT_REASONS[code] }]
    })
    t.equal(sessions.incomplete, false)
    await sessions.exportSessionState()
    t.ok(shelf.kept[0]?.equals(content))
  }
})

t.test('a line that is too long costs itself', async (t) => {
  const { lines, all } = await small()
  const long = Buffer.alloc(40 * 2 ** 20, 'x').toString()
  const { report, back } = await restore([...lines.slice(0, 3), long, ...lines.slice(3)].join('\n'))
  t.strictSame(report, {
    ...NOTHING, restored: 3, invalid: [{ line: 4, code: 'NOT_A_LINE', reason: 'not a line of a snapshot' }]
  })
  t.strictSame(back, all)
})

t.test('of very many bad lines the first thousand are listed, and the rest counted', async (t) => {
  const { lines } = await small()
  const { report } = await restore(
    [...lines.slice(0, 6), ...Array.from({ length: 2_500 }, () => 'x'), lines[6]].join('\n')
  )
  t.equal(report.restored, 3)
  t.equal(report.invalid.length, 1_001)
  t.strictSame(report.invalid.at(-1), { line: 2_506, code: 'MORE', reason: 'the last of 1500 more' })
})

/** A session as it might be stored, under a fresh id. */
async function stored (): Promise<StoredRecord> {
  const { backend, sessions } = start()
  backend.now -= 10_000
  await sessions.create({ principal: ADA })
  const [record] = backend.stored.values()
  return record as StoredRecord
}

t.test('a field with a wrong value refuses its session, however well it is sealed', async (t) => {
  const record = await stored()
  const good = plainly(record)
  const { createdAt } = record
  const someone = ownerDigest('mcp', BOB)
  const wrong: Array<Record<string, unknown>> = [
    ...Object.keys(good).flatMap(
      field => [undefined, null, true, [], {}, -1, 1.5, 'x y'].map(value => ({ [field]: value }))
    ),
    ...['version', 'createdAt', 'usedAt', 'idle', 'deadline'].flatMap(
      field => ['1', 0.1, -1, 1e308, 2 ** 60].map(value => ({ [field]: value }))
    ),
    { version: 0 }, { version: 2 ** 53 - 1 }, { idle: 0 },
    { usedAt: createdAt - 1 }, { deadline: createdAt }, { deadline: createdAt - 1 },
    { key: 'tag.digest' }, { key: `${good.key}x` }, { key: `${good.key}.x` },
    { key: 'x'.repeat(1_000_000) }, { key: recordKey('mcp', someone, 'id') },
    { owner: '' }, { owner: 'ada' }, { owner: someone }
  ].filter(change => !(Object.hasOwn(change, 'body') && ['x y'].includes(change.body as string)))
  const lines = wrong.map(change => signed('record', { ...good, ...change }))
  lines.push(...[
    'null', '[]', '1', '"x"', '{}', 'nonsense', '',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    `{"key":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    '{"__proto__":{"key":"x"},"constructor":{"prototype":1}}',
    JSON.stringify(good).replace('{', '{"deadline":1e999,').replace(/"deadline":\d+/, '"deadline":1e999')
  ].map(json => signed('record', json)))
  const { report, back } = await restore(await header() + lines.join('') + signed('record', good))
  t.equal(report.restored, 1)
  t.strictSame(Object.keys(back.records), [record.key])
  t.strictSame(lineNumbers(report), Array.from({ length: lines.length + 1 }, (_, i) => i + (i < lines.length ? 2 : 3)))
  t.strictSame(new Set(report.invalid.slice(0, -1).map(({ reason }) => reason)), new Set(['a field has a wrong value']))
  t.strictSame(report.invalid.at(-1)?.reason, 'the end is missing')
  t.equal(({} as { key?: string }).key, undefined)
})

t.test('so does one of a stream, and its session comes back without it', async (t) => {
  const record = await stored()
  const stream = { key: record.key, name: 's', head: '', floor: 0, entries: ['AA'], ended: false, delivered: 0 }
  const wrong: Array<Record<string, unknown>> = Object.keys(stream).filter(field => field !== 'key')
    .flatMap(field => [undefined, null, {}, -1, 1.5, 2 ** 53, [1]].map(value => ({ [field]: value })))
  const lines = [
    ...wrong.map(change => signed('stream', { ...stream, ...change })),
    ...['null', '[]', 'x'].map(json => signed('stream', json))
  ]
  const { report, backend } = await restore(
    await header() + signed('record', plainly(record)) + lines.join('') + signed('stream', { ...stream, name: 'good' })
  )
  t.equal(report.restored, 1)
  t.strictSame(lineNumbers(report).slice(0, -1), lines.map((_, i) => i + 3))
  t.strictSame([...backend.logs.get(record.key)?.keys() ?? []], ['good'])
  const other = await restore(
    await header() + signed('record', plainly(record)) +
    signed('stream', { ...stream, key: 7 }) + signed('stream', { ...stream, key: 'x' })
  )
  t.match(other.report.invalid, [
    { line: 3, code: 'WRONG_FIELD', reason: 'a field has a wrong value' },
    { line: 4, code: 'NO_SESSION', reason: 'a stream without its session' },
    { line: 5 }
  ])
})

t.test('an end that says nothing is none', async (t) => {
  const record = await stored()
  for (const value of ['null', '1', '[]', 'x', '', '{}', '{"chain":null}', { records: 1, streams: 0, chain: 'x' }]) {
    const { report } = await restore(await header() + signed('record', plainly(record)) + signed('end', value))
    t.strictSame(report, {
      ...NOTHING,
      restored: 1,
      invalid: [{ line: 3, code: 'OUT_OF_ORDER', reason: 'lines are missing, repeated or in another order' }]
    })
  }
})

t.test('a time in the future is refused, a few seconds ahead are forgiven', async (t) => {
  const record = await stored()
  const now = Date.now()
  const forged = [
    { ...record, usedAt: now + 60_000 },
    { ...record, createdAt: now + 60_000, usedAt: now + 60_000, deadline: now + 600_000 },
    { ...record, usedAt: now + 2_000 }
  ]
  const { report, backend } = await restore(await header() + forged.map(one => signed('record', plainly(one))).join(''))
  const invalid = [
    ...[2, 3].map(line => ({ line, code: 'FUTURE_TIME', reason: 'a time lies in the future' })),
    { line: 5, code: 'NO_END', reason: 'the end is missing' }
  ]
  t.strictSame(report, { ...NOTHING, restored: 1, invalid })
  t.ok((backend.stored.get(record.key)?.usedAt ?? Infinity) <= now + 10, 'and count as now')
})

t.test('a body that belongs elsewhere, to nobody or to somebody else is refused', async (t) => {
  const { backend, sessions } = start()
  const mine = await sessions.create({ principal: ADA })
  const other = await sessions.create({ principal: ADA })
  const [first, second] = [backend.stored.get(mine.key), backend.stored.get(other.key)] as [StoredRecord, StoredRecord]
  const body = await sessions.vault.codec.seal('session', first.key, Buffer.from('{"schema":2}'))
  const stolen = recordKey('mcp', ownerDigest('mcp', BOB), mine.id)
  const asBobs = await sessions.vault.codec.seal(
    'session', stolen, await sessions.vault.codec.open('session', first.key, first.body)
  )
  const forged = [
    { ...first, body: second.body },
    { ...first, body: new Uint8Array() },
    { ...first, body },
    { ...first, key: stolen, owner: ownerDigest('mcp', BOB), body: asBobs }
  ]
  const after = start({ isContext: () => true })
  const report = await after.sessions.restoreSessionState(
    new Shelf(await header() + forged.map(one => signed('record', plainly(one))).join(''))
  )
  const invalid = [
    ...[2, 3, 4].map(line => ({ line, code: 'CANNOT_OPEN', reason: 'the session cannot be opened' })),
    { line: 5, code: 'OTHER_OWNER', reason: 'the owner does not match the session' },
    { line: 6, code: 'NO_END', reason: 'the end is missing' }
  ]
  t.strictSame(report, { ...NOTHING, invalid })
})

t.test('a context that does not match its schema any more is refused', async (t) => {
  const { sessions } = start()
  await sessions.create({ context: { region: 'north' } })
  await sessions.create({ context: { region: 7 } })
  const shelf = new Shelf()
  await sessions.exportSessionState(shelf)
  const after = start({ isContext: context => typeof (context as { region: unknown }).region === 'string' })
  t.strictSame(await after.sessions.restoreSessionState(shelf), {
    ...NOTHING,
    restored: 1,
    invalid: [{ line: 3, code: 'WRONG_CONTEXT', reason: 'the context does not match its schema' }]
  })
})

t.test('a session of deep or strange JSON is taken as it is or refused, and harms nobody', async (t) => {
  const state = (data: string): string =>
    '{"schema":1,"principal":null,"client":{},' +
    '"handshake":{"initialize":{},"protocolVersion":"","initialized":false},' +
    `"replay":{"subscriptions":[]},"context":null,"data":${data}}`
  const datas = [
    `{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    '[]',
    '{'
  ]
  const record = await stored()
  const { owner } = { owner: '' }
  const lines = await Promise.all(datas.map(async (data, n) => {
    const key = recordKey('mcp', owner, `id-${n}`)
    return signed('record', plainly({ ...record, key, owner, body: Buffer.from(state(data)) }))
  }))
  const { report, sessions } = await restore(await header({ codec: unsealed }) + lines.join(''), { codec: unsealed })
  t.equal(report.restored, 1)
  t.strictSame(lineNumbers(report), [2, 4, 5, 6])
  t.ok(await sessions.open('id-1', null))
  t.equal(({} as { polluted?: number }).polluted, undefined)
})

t.test('very many bytes of streams for one session are stored as they come', async (t) => {
  const record = await stored()
  const entry = Buffer.alloc(2 ** 20).toString('base64url')
  let most = 0
  const process = start()
  const { importStream } = process.backend.events
  let [read, done] = [0, 0]
  process.backend.events.importStream = async stream => {
    done++
    most = Math.max(most, read - done)
    return await importStream(stream)
  }
  const head = await header()
  const report = await process.sessions.restoreSessionState({
    write: async () => {},
    read: async function * () {
      yield head + signed('record', plainly(record))
      for (; read < 30; read++) {
        yield signed('stream', {
          key: record.key, name: `s${read}`, head: '', floor: 0, entries: [entry], ended: true, delivered: 0
        })
      }
    } as never
  })
  t.match(report, { restored: 1 })
  t.equal(done, 30)
  t.ok(most < 10, `${most} were held at once`)
})

t.test('two hundred megabytes of noise need little memory', async (t) => {
  const script = fileURLToPath(new URL('../test/fixtures/noise.mjs', import.meta.url))
  const child = spawn(
    'env',
    ['-i', process.execPath, '--max-old-space-size=40', script, await header({ codec: unsealed })],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  let said = ''
  child.stdout.on('data', data => { said += data })
  t.strictSame(await once(child, 'close'), [0, null])
  t.equal(said, '0 1001\n')
})
