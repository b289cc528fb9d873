/** Why a line of a snapshot, or a whole snapshot, was not restored. */
export const SNAPSHOT_REASONS = {
  NOT_A_SNAPSHOT: 'not a Holdfast snapshot',
  UNKNOWN_FORMAT: 'a snapshot in a format that this version does not know',
  HEADER_DAMAGED: 'the header is damaged',
  OTHER_NAMESPACE: 'a snapshot of another namespace',
  UNKNOWN_KEY: 'sealed with a key that is not here',
  REVOKED_KEY: 'sealed with a revoked key',
  NOT_SEALED: 'not sealed, although there are keys',
  NOT_A_LINE: 'not a line of a snapshot',
  ALTERED: 'altered, or from another snapshot',
  OUT_OF_ORDER: 'lines are missing, repeated or in another order',
  WRONG_FIELD: 'a field has a wrong value',
  AFTER_THE_END: 'after the end',
  NO_SESSION: 'a stream without its session',
  EMPTY: 'empty',
  NO_END: 'the end is missing',
  NO_ROOM: 'there is no room for one of its streams',
  MANY_PARTITIONS: 'more partitions than a snapshot may have',
  FUTURE_TIME: 'a time lies in the future',
  OTHER_OWNER: 'the owner does not match the session',
  WRONG_CONTEXT: 'the context does not match its schema',
  CANNOT_OPEN: 'the session cannot be opened',
  TOO_LONG: 'too long',
  CANNOT_DECRYPT: 'cannot be decrypted',
  NOT_A_LIST: 'not a list of sessions of n8n-mcp',
  NO_SESSION_ID: 'no session id',
  WRONG_TIME: 'a time has a wrong value',
  MALFORMED_CONTEXT: 'the context has a wrong value',
  TOO_LARGE: 'the session is too large',
  MORE: 'more invalid lines than are listed'
} as const

/** A key of {@link SNAPSHOT_REASONS}. Tell reasons apart by this code, never by the text. */
export type SnapshotReason = keyof typeof SNAPSHOT_REASONS
