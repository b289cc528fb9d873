import { type KeyObject, createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { StoredStream } from '../backend.js'
import { isObject } from '../json.js'
import { ROOT } from '../partitions.js'
import { isRecordKey } from '../record-key.js'
import type { StoredRecord } from '../record.js'
import type { SnapshotReason } from './reasons.js'

/*
 * A snapshot is lines of JSON. The first is the header, the last is `end`; between them come records,
 * each followed by its streams:
 *
 *   {"holdfast":"snapshot","format":1,"namespace":"mcp","createdAt":1763683200000,
 *    "mac":"<a random key of 32 bytes, sealed>","sum":"<SHA-256>"}
 *   {"record":{…},"mac":"<HMAC-SHA-256>"}
 *   {"stream":{…},"mac":"<HMAC-SHA-256>"}
 *   {"end":{"records":1,"streams":1,"chain":"<SHA-256 of all MACs before it>"},"mac":"<HMAC-SHA-256>"}
 *
 * These are sessions. Records of partitions follow. The member of such a line is `record:` or `stream:` with the name
 * of the partition, so that a version that knows no partitions refuses the line.
 *
 * The header's sum covers the header line without the sum. It distinguishes a damaged header from a header whose key is
 * missing. Bodies are sealed, as the backend holds them. Each line's MAC covers its kind and its JSON text, so that
 * each line can be trusted by itself. The chain shows whether lines are missing, repeated or out of order. Without
 * encryption keys the MAC's key is readable, and the MACs reveal only accidents. All bytes are base64url.
 */

const FORMAT = 1

export interface Header {
  namespace: string
  createdAt: number
  /** The key of the MACs, sealed. */
  mac: Uint8Array
}

/** The name of a snapshot: no other has its key. */
export function snapshotId ({ mac }: Pick<Header, 'mac'>): string {
  return encode(mac)
}

/** A line after the header. */
export type SnapshotLine =
  | { kind: 'record', partition: string, value: StoredRecord }
  | { kind: 'stream', partition: string, value: StoredStream }
  | { kind: 'end', value: { records: number, streams: number, chain: string } }

const SUM_LENGTH = 43
const BEFORE_SUM = ',"sum":"'
const AFTER_SUM = '"}'
const SUM_TAIL = BEFORE_SUM.length + SUM_LENGTH + AFTER_SUM.length

export function headerLine ({ namespace, createdAt, mac }: Header): string {
  const json = JSON.stringify({ holdfast: 'snapshot', format: FORMAT, namespace, createdAt, mac: encode(mac) })
  return `${json.slice(0, -1)}${BEFORE_SUM}${sumOf(json)}${AFTER_SUM}\n`
}

/** @returns the header, or what is wrong with it; undefined when the text is no header */
export function readHeader (text: string): Header | SnapshotReason | undefined {
  const header = text.startsWith('{"holdfast":') ? parse(text) : undefined
  if (!isObject(header) || header.holdfast !== 'snapshot') return undefined
  const { format, namespace, createdAt, mac, sum } = header
  if (format !== FORMAT) return 'UNKNOWN_FORMAT'
  const key = decode(mac)
  if (
    sum !== sumOf(`${text.slice(0, -SUM_TAIL)}}`) ||
    typeof namespace !== 'string' || !isCount(createdAt, 0) || key === undefined
  ) return 'HEADER_DAMAGED'
  return { namespace, createdAt, mac: key }
}

const MAC_LENGTH = 43
const BEFORE_MAC = ',"mac":"'
const AFTER_MAC = '"}'
const MAC_TAIL = BEFORE_MAC.length + MAC_LENGTH + AFTER_MAC.length
/** Characters that hold `{"record:`, the longest name of a partition, and `":`. */
const MAX_START = 32

/** Writes or reads the lines after a header, and counts them. */
export class SnapshotLines {
  readonly #key: KeyObject
  readonly #chain = createHash('sha256')
  records = 0
  streams = 0
  /** An end line was read, even one that does not fit the lines before it. */
  ended = false

  /** @param key 32 bytes */
  constructor (key: Uint8Array) {
    this.#key = createSecretKey(key)
  }

  /** @param partition its name, or `ROOT` */
  record (record: StoredRecord, partition = ROOT): string {
    this.records++
    return this.#line(named('record', partition), { ...record, body: encode(record.body) })
  }

  /** @param partition its name, or `ROOT` */
  stream (stream: StoredStream, partition = ROOT): string {
    this.streams++
    return this.#line(named('stream', partition), {
      ...stream, head: encode(stream.head), entries: stream.entries.map(encode)
    })
  }

  end (): string {
    return this.#line('end', {
      records: this.records, streams: this.streams, chain: this.#chain.copy().digest('base64url')
    })
  }

  /** @returns the line, or what is wrong with it */
  read (text: string): SnapshotLine | SnapshotReason {
    const [start, name] = /^\{"((?:record|stream)(?::[a-z]{1,16})?|end)":/.exec(text.slice(0, MAX_START)) ?? []
    const tail = text.length - MAC_TAIL
    if (name === undefined || start === undefined) return 'NOT_A_LINE'
    if (!text.startsWith(BEFORE_MAC, tail) || !text.endsWith(AFTER_MAC)) return 'NOT_A_LINE'
    const json = text.slice(start.length, tail)
    const mac = text.slice(tail + BEFORE_MAC.length, -AFTER_MAC.length)
    if (!this.#isMac(mac, name, json)) return 'ALTERED'
    const value = parse(json)
    if (name === 'end') {
      this.ended = true
      const complete = isObject(value) && value.chain === this.#chain.copy().digest('base64url')
      return complete ? { kind: 'end', value } as SnapshotLine : 'OUT_OF_ORDER'
    }
    this.#chain.update(mac)
    const [kind, partition = ROOT] = name.split(':')
    return (kind === 'record' ? this.#record(value, partition) : this.#stream(value, partition)) ?? 'WRONG_FIELD'
  }

  #record (given: unknown, partition: string): SnapshotLine | undefined {
    this.records++
    const value = readRecord(given)
    return value && { kind: 'record', partition, value }
  }

  #stream (given: unknown, partition: string): SnapshotLine | undefined {
    this.streams++
    const value = readStream(given)
    return value && { kind: 'stream', partition, value }
  }

  #line (name: string, value: object): string {
    const json = JSON.stringify(value)
    const mac = this.#mac(name, json)
    if (name !== 'end') this.#chain.update(mac)
    return `{"${name}":${json}${BEFORE_MAC}${mac}${AFTER_MAC}\n`
  }

  #isMac (given: string, name: string, json: string): boolean {
    const expected = Buffer.from(this.#mac(name, json))
    const mac = Buffer.from(given)
    return mac.length === expected.length && timingSafeEqual(mac, expected)
  }

  #mac (name: string, json: string): string {
    return createHmac('sha256', this.#key).update(name).update(json).digest('base64url')
  }
}

/** The name of a line's member: the kind, and for a partition its name. */
function named (kind: 'record' | 'stream', partition: string): string {
  return partition === ROOT ? kind : `${kind}:${partition}`
}

function readRecord (value: unknown): StoredRecord | undefined {
  if (!isObject(value)) return undefined
  const { key, owner, version, createdAt, usedAt, idle, deadline } = value
  const body = decode(value.body)
  if (typeof key !== 'string' || typeof owner !== 'string' || !isRecordKey(key, owner)) return undefined
  if (!isCount(version, 1) || !isCount(createdAt, 0) || !isCount(usedAt, createdAt)) return undefined
  if (!isLifetime(idle) || !isLifetime(deadline) || deadline <= createdAt || body === undefined) return undefined
  return { key, owner, version, createdAt, usedAt, idle, deadline, body }
}

function readStream (value: unknown): StoredStream | undefined {
  if (!isObject(value)) return undefined
  const { key, name, floor, ended, delivered } = value
  const head = decode(value.head)
  const entries = Array.isArray(value.entries) ? value.entries.map(decode) : [undefined]
  if (typeof key !== 'string' || typeof name !== 'string') return undefined
  if (!isCount(floor, 0) || typeof ended !== 'boolean' || !isCount(delivered, 0)) return undefined
  if (head === undefined || !entries.every(entry => entry !== undefined)) return undefined
  return { key, name, head, floor, entries, ended, delivered }
}

/** Whether a number can be counted up: it is far below the numbers where adding 1 changes nothing. */
function isCount (value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= 2 ** 48
}

/** Wider than {@link isCount}: a time to live may be any safe integer, and a deadline adds one to a time. */
function isLifetime (value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 2 ** 54
}

function sumOf (json: string): string {
  return createHash('sha256').update(json).digest('base64url')
}

function encode (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

function decode (text: unknown): Uint8Array | undefined {
  return typeof text === 'string' ? Buffer.from(text, 'base64url') : undefined
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
