import Type from 'typebox'

const strict = { additionalProperties: false }

const time = (description: string): Type.TInteger =>
  Type.Integer({ description: `${description}, in milliseconds since the epoch.` })

const key = Type.String({
  pattern: '^[\\w-]{12}\\.[\\w-]{43}$',
  description: 'The key of the session\'s record, as listed. It is no session id, and no session id can be made of it.'
})
const owner = Type.String({ pattern: '^[\\w-]{43}$', description: 'The digest of an owner, as listed.' })

const part = (description: string): Type.TString => Type.String({ minLength: 1, maxLength: 1_024, description })

const Principal = Type.Object({
  subject: part('`sub` of a token.'),
  issuer: Type.Optional(part('`iss`, where the principal has one.')),
  clientId: Type.Optional(part('`client_id` or `azp`, where the principal has one.')),
  tenantId: Type.Optional(part('The tenant, where the principal has one.')),
  perClient: Type.Optional(Type.Boolean({
    description: 'Each `clientId` of the subject is an owner of its own.'
  }))
}, { ...strict, description: 'The principal that owns a session, in full.' })

export const Failure = Type.Object({
  statusCode: Type.Integer(), error: Type.String(), message: Type.String()
}, { description: 'The reason of the failure.' })

export const KeyParams = Type.Object({ key }, strict)

export const ListQuery = Type.Object({
  limit: Type.Optional(Type.Integer({
    minimum: 1, maximum: 500, default: 100, description: 'Sessions on a page, at most.'
  })),
  cursor: Type.Optional(Type.String({
    minLength: 1, maxLength: 1_024, description: 'From the previous page, with the same owner and `live`.'
  })),
  owner: Type.Optional(owner),
  ...Type.Partial(Principal).properties,
  client: Type.Optional(part('Only sessions of clients with exactly this name.')),
  idleFor: Type.Optional(Type.String({
    pattern: '^[1-9]\\d{0,7}(ms|s|m|h|d)$', description: 'Only sessions unused for longer than this, such as `15m`.'
  })),
  live: Type.Optional(Type.Literal(true, {
    description: 'Only sessions with a server object in the process that answers.'
  }))
}, strict)

export const RevokeBody = Type.Object({
  owner: Type.Optional(owner), principal: Type.Optional(Principal)
}, { ...strict, description: 'Either an owner or a principal.' })

const entry = {
  key,
  label: Type.String({ description: 'The name of the session in logs.' }),
  owner: Type.String({ description: 'The digest of its owner. Empty for a session without a principal.' }),
  principal: Type.Union([Principal, Type.Null()], {
    description: 'Null for a session without a principal, or when the session cannot be opened.'
  }),
  client: Type.Object({
    name: Type.Optional(Type.String()), version: Type.Optional(Type.String())
  }, { description: 'The name and the version that the client gave.' }),
  protocolVersion: Type.String({ description: 'Revision of MCP; empty before the handshake.' }),
  createdAt: time('When it began'),
  usedAt: time('When it was last used'),
  expiresAt: time('When it ends without further use'),
  version: Type.Integer({ description: 'Grows by one with every change.' }),
  readable: Type.Boolean({ description: 'False when this process cannot open its seal.' }),
  live: Type.Boolean({ description: 'Whether it has a server object in the process that answers.' }),
  streams: Type.Integer({ description: 'Its event streams that are open in the process that answers.' })
}

export const ListAnswer = Type.Object({
  sessions: Type.Array(Type.Object(entry)),
  cursor: Type.Optional(Type.String({
    description: 'Present while there may be more sessions, even when this page is short or empty.'
  }))
}, { description: 'A page of sessions.' })

export const ShowAnswer = Type.Object({
  ...entry,
  initialized: Type.Boolean({ description: 'Whether the client has finished its handshake.' }),
  capabilities: Type.Array(Type.String(), { description: 'Names of the client\'s capabilities.' }),
  logLevel: Type.Union([Type.String(), Type.Null()], { description: 'The log level that the client has set.' }),
  subscriptions: Type.Integer({ description: 'Number of resources that the client has subscribed to.' }),
  context: Type.Unknown({
    description: 'The context. Values that its schema does not mark `public` read `[redacted]`.'
  }),
  dataBytes: Type.Integer({ description: 'Bytes of `session.data`. The data itself is not shown.' })
}, { description: 'One session, without any secret.' })

export const TerminatedAnswer = Type.Object({
  terminated: Type.Integer({ description: 'Number of sessions that have ended.' })
}, { description: 'The sessions have ended on every replica.' })

export const Snapshot = Type.String({
  description: 'A sealed snapshot: a header, a line of JSON for each session and each of its streams, and an end.'
})

export const RestoreAnswer = Type.Object({
  restored: Type.Integer(),
  expired: Type.Integer(),
  duplicate: Type.Integer({ description: 'Sessions that exist already, or have ended since.' }),
  overLimit: Type.Integer({ description: 'Sessions for which there was no room.' }),
  invalid: Type.Array(Type.Object({
    line: Type.Integer(), code: Type.String(), reason: Type.String()
  }), { description: 'Lines that could not be restored.' })
}, { description: 'The number of sessions with each result.' })

export const EraAnswer = Type.Object({
  since: time('When the oldest of these replicas began to count'),
  clients: Type.Array(Type.Object({
    name: Type.String({ description: 'What these clients call themselves. Empty for those that do not say.' }),
    era: Type.String({ description: '`sessions` until 2025-11-25, `modern` from 2026-07-28 on.' }),
    version: Type.String({ description: 'Revision of MCP, or `other`.' }),
    requests: Type.Integer({ description: 'Requests since these replicas began.' }),
    refused: Type.Integer({ description: 'Those among them that were refused because of their revision.' })
  })),
  replicas: Type.Array(Type.String(), { description: 'The replicas whose counts these are.' }),
  silent: Type.Array(Type.String(), {
    description: 'Replicas that were active recently and did not answer within half a second, or do not count.'
  })
}, { description: 'Who asks, by name and by revision of MCP.' })

export const FleetAnswer = Type.Object({
  here: Type.String({ description: 'The replica that answers.' }),
  sessions: Type.Integer({ description: 'Sessions in the backend.' }),
  replicas: Type.Array(Type.Object({
    replica: Type.String({ description: 'Its id, new with every process.' }),
    live: Type.Integer({ description: 'Sessions with a server object there.' }),
    streams: Type.Integer({ description: 'Event streams that are open there.' }),
    draining: Type.Boolean({ description: 'Whether it is shutting down.' }),
    versions: Type.Object({ holdfast: Type.String(), node: Type.String() })
  })),
  silent: Type.Array(Type.String(), {
    description: 'Replicas that were active recently and did not answer within half a second.'
  })
}, { description: 'The replicas.' })
