// Compiled, never run: what a user may write against the public API, and what the compiler must refuse.
import {
  type Backend, type Codec, type Created, type DataChange, ERROR_CODES, type ErrorCode, HoldfastError,
  InvalidOptionError, type Json, type JsonObject, type Principal, type RecordKey, type Session, Sessions,
  type SessionState, type SessionSummary, type StoredRecord, Sweeper, expiresAt, isHoldfastError, milliseconds,
  ownerDigest, plain, recordKey, samePrincipal
} from '@holdfast/core'
import { type ContractCheck, type Harness, checks, runContract } from '@holdfast/core/contract'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function expectType<Expected> () {
  return <const Actual>(_: Actual, ..._same: Equal<Expected, Actual> extends true ? [] : [never]): void => {}
}

declare const backend: Backend
declare const principal: Principal
declare const record: StoredRecord
declare const harness: Harness

// Options
const sessions = new Sessions({ backend })
new Sweeper(sessions, '10s').start()
expectType<Promise<void>>()(new Sweeper(sessions).stop())
export const configured = new Sessions({
  backend,
  namespace: 'app',
  codec: plain,
  ttl: { idle: '30m', absolute: 1_000 },
  limits: { maxSessions: 1, maxPerOwner: 1, maxStateBytes: 1, evict: 'idle' }
})
// @ts-expect-error a backend is required
export const bare = new Sessions({})
// @ts-expect-error there is no such option
export const unknown = new Sessions({ backend, ttl: { idel: '30m' } })
// @ts-expect-error there is no such policy
export const policy = new Sessions({ backend, limits: { evict: 'lru' } })
// @ts-expect-error an absent option is left out
export const absent = new Sessions({ backend, ttl: { idle: undefined } })

// Sessions
expectType<Promise<Session>>()(sessions.create())
void sessions.create({ principal: null, data: { list: [1, { deep: null }] }, context: 'text' })
// @ts-expect-error data is an object
void sessions.create({ data: [] })
// @ts-expect-error a Date is not JSON
void sessions.create({ data: { at: new Date() } })
// @ts-expect-error a principal has a subject
void sessions.create({ principal: { issuer: 'https://id.example' } })
expectType<Promise<Session | undefined>>()(sessions.open('id', null))
// @ts-expect-error whose session it is must be said
void sessions.open('id')
expectType<Promise<SessionSummary | undefined>>()(sessions.get({ id: 'id', principal }))
expectType<Promise<boolean>>()(sessions.terminate({ id: 'id', principal }))
expectType<Promise<number>>()(sessions.terminateAll({ principal }))
void sessions.terminate({ key: 'k', owner: 'o' })
void sessions.get({ key: 'k' })
void sessions.each({ owner: 'o' })
// @ts-expect-error the event of the end names the owner
void sessions.terminate({ key: 'k' })
// @ts-expect-error nobody is not a principal
void sessions.terminateAll({ principal: null })
// @ts-expect-error nobody is not a principal
void sessions.list({ principal: null })
expectType<Promise<{ sessions: SessionSummary[], cursor?: string }>>()(
  sessions.list({ principal, cursor: '', limit: 1 })
)
expectType<AsyncGenerator<SessionSummary>>()(sessions.each())
expectType<Promise<number>>()(sessions.count())
expectType<Promise<{ expired: number, more: boolean }>>()(sessions.sweep())

// A session
export async function use (session: Session): Promise<void> {
  expectType<Promise<boolean>>()(sessions.touch(session))
  expectType<Readonly<JsonObject>>()(session.data)
  expectType<Json>()(session.context)
  expectType<Principal | null>()(session.principal)
  expectType<SessionState>()(session.state)
  expectType<Readonly<JsonObject>>()(await session.update(data => { data.n = (data.n ?? 0) + 1 }))
  await session.update(() => ({ fresh: true }))
  const change: DataChange = data => { delete data.n }
  await session.update(change)
  // @ts-expect-error the result is an object
  await session.update(() => 5)
  // @ts-expect-error a change is synchronous
  await session.update(async () => ({ n: 1 }))
  // @ts-expect-error the id is fixed
  session.id = 'other'
  // @ts-expect-error the data changes through update
  session.data = {}
}

// Typed sessions
interface Cart { items: string[] }
interface Tenant { apiUrl: string }
const typed = new Sessions<Cart, Tenant>({ backend })
export async function useTyped (session: Session<Cart, Tenant>): Promise<void> {
  expectType<Readonly<Cart>>()(session.data)
  expectType<Tenant>()(session.context)
  expectType<Readonly<Cart>>()(await session.update(draft => { draft.items.push('x') }))
  expectType<Promise<boolean>>()(typed.touch(session))
  // @ts-expect-error a cart has items
  await session.update(() => ({}))
  // @ts-expect-error there is no such member
  await session.update(draft => { draft.total = 1 })
}
expectType<Promise<Session<Cart, Tenant>>>()(typed.create({ data: { items: [] }, context: { apiUrl: 'x' } }))
expectType<Promise<Session<Cart, Tenant> | undefined>>()(typed.open('id', null))
for await (const { state } of typed.each()) expectType<Tenant | undefined>()(state?.context)
// @ts-expect-error the context is a tenant
void typed.create({ context: {} })

// Events
export const stop: () => void = sessions.on('expired', ({ label, key, owner, reason, createdAt, usedAt }) => {
  expectType<string>()(label + key + owner)
  expectType<'idle' | 'absolute'>()(reason)
  expectType<number>()(createdAt + usedAt)
})
sessions.on('terminated', async ({ reason }) => { expectType<'terminated' | 'evicted'>()(reason) })
sessions.on('limitReached', ({ limit }) => {
  expectType<'maxSessions' | 'maxPerOwner' | 'maxLive' | 'maxBuffered' | 'initializeRate'>()(limit)
})
sessions.on('error', ({ error }) => { expectType<unknown>()(error) })
// @ts-expect-error there is no such event
sessions.on('gone', () => {})
// @ts-expect-error an event tells no id
sessions.on('created', ({ id }) => id)

// Errors
export function handle (error: unknown): ErrorCode | string | undefined {
  if (isHoldfastError(error, 'HOLDFAST_CONFLICT')) return error.code
  // @ts-expect-error there is no such code
  isHoldfastError(error, 'HOLDFAST_OTHER')
  if (error instanceof InvalidOptionError) {
    expectType<'HOLDFAST_INVALID_OPTION'>()(error.code)
    return error.path
  }
  return ERROR_CODES.HOLDFAST_CLOSED
}
// @ts-expect-error there is no such code
export const other = new HoldfastError('HOLDFAST_OTHER')

// Keys, owners, records, durations
expectType<string>()(ownerDigest('mcp', null))
expectType<RecordKey>()(recordKey('mcp', '', 'id'))
expectType<boolean>()(samePrincipal(principal, null))
expectType<number>()(milliseconds('30s', 'retry'))
expectType<number>()(expiresAt(record))

// A codec may be synchronous or not
export const codec: Codec = {
  seal: async (plaintext, { namespace, kind, key }) => Buffer.concat([plaintext, Buffer.from(namespace + kind + key)]),
  open: sealed => sealed
}

// A backend's answers
expectType<Promise<Created>>()(backend.records.create(
  { key: 'tag.key', owner: '', idle: 1, absolute: 1, body: new Uint8Array() }, { maxRecords: 1, maxPerOwner: 1 }
))
expectType<Promise<number | 'conflict' | 'gone'>>()(backend.records.replace('tag.key', 1, new Uint8Array()))
expectType<Promise<'current' | StoredRecord | undefined>>()(backend.records.touch('tag.key', 1))
expectType<Promise<number | 'ended' | 'gone'>>()(backend.events.append({ key: 'tag.key', name: 's' }, []))
expectType<Promise<() => Promise<void>>>()(backend.bus.subscribe('channel', () => {}))

// The contract, with a runner or without
expectType<readonly ContractCheck[]>()(checks)
runContract((name, run) => { void run().catch(() => name) }, harness)
