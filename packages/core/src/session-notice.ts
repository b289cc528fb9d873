import { keyLabel } from './record-key.js'
import type { RecordKey } from './record.js'

/** What an event says of a session. `label` is what a log may show; `key` and `owner` are digests. */
export interface SessionNotice {
  label: string
  key: RecordKey
  owner: string
}

/** What an event says of this session. */
export function sessionNotice ({ key, owner }: { key: RecordKey, owner: string }): SessionNotice {
  return { label: keyLabel(key), key, owner }
}
