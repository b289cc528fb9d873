import type { Static } from 'typebox'
import { type Json, type SessionState, type SessionSummary, printableTexts } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import { redact } from './redaction.js'
import type { ListAnswer, ShowAnswer } from './schemas.js'

type Entry = Static<typeof ListAnswer>['sessions'][number]

/** A session in a list. */
export function entryOf (session: SessionSummary, endpoint: Endpoint): Entry {
  const { key, label, owner, createdAt, usedAt, expiresAt, version, state } = session
  return {
    key,
    label,
    owner,
    principal: state?.principal ?? null,
    client: clientOf(state),
    protocolVersion: state?.handshake.protocolVersion ?? '',
    createdAt,
    usedAt,
    expiresAt,
    version,
    readable: state !== undefined,
    ...endpoint.here(key)
  }
}

/** A session on its own, with more details. */
export function detailOf (
  session: SessionSummary, endpoint: Endpoint, contextSchema: unknown
): Static<typeof ShowAnswer> {
  const { handshake, replay, context, data } = session.state ?? {}
  return {
    ...entryOf(session, endpoint),
    initialized: handshake?.initialized ?? false,
    capabilities: namesIn(handshake?.initialize.capabilities),
    logLevel: replay?.logLevel ?? null,
    subscriptions: replay?.subscriptions.length ?? 0,
    context: redact(context ?? null, contextSchema),
    dataBytes: data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data))
  }
}

export function clientName (session: SessionSummary): Json | undefined {
  return session.state?.client.name
}

function clientOf (state: SessionState | undefined): Entry['client'] {
  const { name, version } = state?.client ?? {}
  return printableTexts({ name, version })
}

function namesIn (value: Json | undefined): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}
