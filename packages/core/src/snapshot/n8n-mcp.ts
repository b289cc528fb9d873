import { createDecipheriv } from 'node:crypto'
import { InvalidOptionError, isHoldfastError } from '../errors.js'
import { type Json, isObject } from '../json.js'
import type { Principal } from '../principal.js'
import { isSessionId } from '../session-id.js'
import { type SessionState, initialState } from '../state.js'
import type { Vault } from '../vault.js'
import { ROOT } from '../partitions.js'
import type { SnapshotReason } from './reasons.js'
import type { SnapshotRecord } from './restore-writer.js'
import type { SnapshotBytes } from './store.js'

/** How to read the sessions of n8n-mcp. */
export interface N8nMcpOptions {
  /** The key of a file `iv:authTag:ciphertext`, which n8n-mcp's guide describes: 32 bytes, or their hex or base64. */
  key?: string | Uint8Array
  /** The principal of a session, by its context. Default: sessions without a principal. */
  principal?: (context: Json) => Principal | null
}

/** Limit of a file, whose whole content is one JSON value. */
const MAX_BYTES = 256 * 2 ** 20

/** The record of one element of the file, or what is wrong with the element. */
type Element = Omit<SnapshotRecord, 'line'> | SnapshotReason

/**
 * Reads n8n-mcp's `SessionState[]`, plain or encrypted. Ids stay valid. The sessions have no handshake; the first
 * request of each session supplies one.
 *
 * @returns the elements in their order, or what is wrong with the whole file
 */
export async function readN8nMcp (
  vault: Vault<SessionState>, bytes: SnapshotBytes, options: N8nMcpOptions
): Promise<Element[] | SnapshotReason> {
  const text = await readAll(bytes)
  if (text === undefined) return 'TOO_LONG'
  const json = /^\s*\[/.test(text) ? text : decrypt(text.trim(), options.key)
  if (json === undefined) return 'CANNOT_DECRYPT'
  const elements = parse(json)
  if (!Array.isArray(elements)) return 'NOT_A_LIST'
  return await Promise.all(elements.map(async element => await toRecord(vault, element, options)))
}

async function toRecord (
  vault: Vault<SessionState>, element: unknown, { principal: principalOf }: N8nMcpOptions
): Promise<Element> {
  if (!isObject(element) || !isSessionId(element.sessionId)) return 'NO_SESSION_ID'
  const times = isObject(element.metadata) ? [time(element.metadata.createdAt), time(element.metadata.lastAccess)] : []
  const [createdAt, usedAt] = times
  if (createdAt === undefined || usedAt === undefined || usedAt < createdAt) return 'WRONG_TIME'
  const context = readContext(element.context)
  if (context === undefined) return 'MALFORMED_CONTEXT'
  const principal = principalOf?.(context) ?? null
  const { key, owner } = vault.locate(element.sessionId, principal)
  const lifetime = { createdAt, usedAt, idle: vault.idle, deadline: createdAt + vault.absolute }
  try {
    const { body } = vault.format.begin(initialState({ principal, context }), 'restore')
    const record = { key, owner, version: 1, ...lifetime, body: await vault.seal(key, body) }
    return { partition: ROOT, record, streams: [] }
  } catch (error) {
    if (isHoldfastError(error, 'HOLDFAST_STATE_TOO_LARGE')) return 'TOO_LARGE'
    throw error
  }
}

/** The context as it is, with members that only n8n-mcp knows. */
function readContext (value: unknown): Json | undefined {
  if (!isObject(value)) return undefined
  const { n8nApiUrl, n8nApiKey, instanceId, metadata } = value
  if (typeof n8nApiUrl !== 'string' || !URL.canParse(n8nApiUrl)) return undefined
  if (typeof n8nApiKey !== 'string' || n8nApiKey === '') return undefined
  if (instanceId !== undefined && typeof instanceId !== 'string') return undefined
  if (metadata !== undefined && !isObject(metadata)) return undefined
  return value as Json
}

/** An ISO 8601 time in milliseconds since the epoch. */
function time (value: unknown): number | undefined {
  const result = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isSafeInteger(result) && result >= 0 ? result : undefined
}

function decrypt (text: string, key: N8nMcpOptions['key']): string | undefined {
  const [iv, tag, sealed, ...rest] = text.split(':').map(bytesOf)
  if (key === undefined || iv === undefined || tag?.length !== 16) return undefined
  if (sealed === undefined || rest.length > 0) return undefined
  const secret = typeof key === 'string' ? bytesOf(key) : key
  if (secret?.length !== 32) throw new InvalidOptionError('key', 'expected 32 bytes, or their hex or base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', secret, iv, { authTagLength: 16 })
    decipher.setAuthTag(tag)
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString()
  } catch {
    return undefined
  }
}

function bytesOf (text: string): Buffer | undefined {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

async function readAll (bytes: SnapshotBytes): Promise<string | undefined> {
  const chunks = []
  let size = 0
  for await (const chunk of bytes) {
    const buffer = Buffer.from(chunk as string)
    size += buffer.length
    if (size > MAX_BYTES) return undefined
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString()
}

function parse (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
