import Type from 'typebox'

const strict = { additionalProperties: false }
const milliseconds = (description: string): Type.TInteger => Type.Integer({ description: `${description}, in milliseconds since the epoch.` })

const key = Type.String({ pattern: '^[\\w-]{12}\\.[\\w-]{43}$', description: 'The key of the session\'s record, as listed. It is no session id, and none can be made of it.' })
const owner = Type.String({ pattern: '^[\\w-]{43}$', description: 'The digest of an owner, as listed.' })

const part = (description: string): Type.TString => Type.String({ minLength: 1, maxLength: 1_024, description })

const Principal = Type.Object({
  subject: part('`sub` of a token.'),
  issuer: Type.Optional(part('`iss`, where the principal has one.')),
  clientId: Type.Optional(part('`client_id` or `azp`, where the principal has one.')),
  tenantId: Type.Optional(part('The tenant, where the principal has one.')),
  perClient: Type.Optional(Type.Boolean({ description: 'Each `clientId` owns its sessions apart from the others of the subject.' }))
}, { ...strict, description: 'Whom a session belongs to, in full.' })

export const Failure = Type.Object({ statusCode: Type.Integer(), error: Type.String(), message: Type.String() }, { description: 'What is wrong.' })

export const KeyParams = Type.Object({ key }, strict)

export const ListQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Sessions on a page, at most.' })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024, description: 'From the page before, of the same owner and `live`.' })),
  owner: Type.Optional(owner),
  ...Type.Partial(Principal).properties,
  client: Type.Optional(part('Only of clients with exactly this name.')),
  idleFor: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,7}(ms|s|m|h|d)$', description: 'Only what was not used for so long, such as `15m`.' })),
  live: Type.Optional(Type.Literal(true, { description: 'Only what has a server object in the process that answers.' }))
}, strict)

export const RevokeBody = Type.Object({ owner: Type.Optional(owner), principal: Type.Optional(Principal) }, { ...strict, description: 'One of both.' })

const entry = {
  key,
  label: Type.String({ description: 'What logs call it.' }),
  owner: Type.String({ description: 'The digest of its owner, empty for nobody.' }),
  principal: Type.Union([Principal, Type.Null()], { description: 'Null for nobody, or where the session cannot be opened.' }),
  client: Type.Object({ name: Type.Optional(Type.String()), version: Type.Optional(Type.String()) }, { description: 'What the client says of itself.' }),
  protocolVersion: Type.String({ description: 'Revision of MCP; empty before the handshake.' }),
  createdAt: milliseconds('When it began'),
  usedAt: milliseconds('When it was last used'),
  expiresAt: milliseconds('When it ends without further use'),
  version: Type.Integer({ description: 'One more with every change.' }),
  readable: Type.Boolean({ description: 'False where its seal does not open here.' }),
  live: Type.Boolean({ description: 'It has a server object in the process that answers.' }),
  streams: Type.Integer({ description: 'Its event streams that are open in the process that answers.' })
}

export const ListAnswer = Type.Object({
  sessions: Type.Array(Type.Object(entry)),
  cursor: Type.Optional(Type.String({ description: 'Present while there may be more, also where this page is short or empty.' }))
}, { description: 'A page of sessions.' })

export const ShowAnswer = Type.Object({
  ...entry,
  initialized: Type.Boolean({ description: 'The client has finished its handshake.' }),
  capabilities: Type.Array(Type.String(), { description: 'Names of what the client can do.' }),
  logLevel: Type.Union([Type.String(), Type.Null()], { description: 'What the client has set.' }),
  subscriptions: Type.Integer({ description: 'Resources that the client has subscribed to.' }),
  context: Type.Unknown({ description: 'The context; whatever its schema does not mark `public` reads `[redacted]`.' }),
  dataBytes: Type.Integer({ description: 'How large is what the application keeps. It is not shown.' })
}, { description: 'One session, without any secret.' })

export const TerminatedAnswer = Type.Object({ terminated: Type.Integer({ description: 'How many sessions have ended.' }) }, { description: 'They have ended, on every replica.' })

export const Snapshot = Type.String({ description: 'A snapshot: a line of JSON for each session and each of its streams, between a header and an end, sealed.' })

export const RestoreAnswer = Type.Object({
  restored: Type.Integer(),
  expired: Type.Integer(),
  duplicate: Type.Integer({ description: 'Already there, or ended since.' }),
  overLimit: Type.Integer({ description: 'There was no room.' }),
  invalid: Type.Array(Type.Object({ line: Type.Integer(), code: Type.String(), reason: Type.String() }), { description: 'What brought nothing, by its line.' })
}, { description: 'What became of the sessions.' })

export const FleetAnswer = Type.Object({
  here: Type.String({ description: 'The replica that answers.' }),
  sessions: Type.Integer({ description: 'Sessions in the backend.' }),
  replicas: Type.Array(Type.Object({
    replica: Type.String({ description: 'Its id, new with every process.' }),
    live: Type.Integer({ description: 'Sessions with a server object there.' }),
    streams: Type.Integer({ description: 'Event streams that are open there.' }),
    draining: Type.Boolean({ description: 'It is shutting down.' }),
    versions: Type.Object({ holdfast: Type.String(), node: Type.String() })
  })),
  silent: Type.Array(Type.String(), { description: 'Replicas that were there lately and did not answer within half a second.' })
}, { description: 'The replicas.' })
