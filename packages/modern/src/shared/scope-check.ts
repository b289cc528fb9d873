import { INVALID_REQUEST, type Inbound } from '@holdfast/transport'
import type { Outcome } from '../modern-call.js'
import type { ScopeChallenge } from './shared-transport.js'

/** `scope-token` of RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/
/** `error_description` of RFC 6749 §5.2, without what would have to be quoted. */
const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/
/** No `"` and no space, so it needs no quoting. */
const URL_TEXT = /^[\x21\x23-\x7e]+$/

/**
 * The refusal of a call whose access token lacks a scope: 403, with the challenge of RFC 6750 §3 that tells the client
 * which scopes to ask for.
 *
 * @throws TypeError when the server's demand is malformed. Then the call is refused, too
 */
export function scopeRefusal ({ scopes, errorDescription }: ScopeChallenge, { authInfo }: Inbound): Outcome {
  if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every(scope => SCOPE.test(scope))) {
    throw new TypeError('scopeChallenge returned no valid scopes')
  }
  const description = errorDescription ?? 'Insufficient scope'
  if (!DESCRIPTION.test(description)) throw new TypeError('scopeChallenge returned an invalid errorDescription')
  const { resourceMetadataUrl: metadata } = (authInfo ?? {}) as { resourceMetadataUrl?: unknown }
  const parts = [
    'error="insufficient_scope"', `error_description="${description}"`, `scope="${scopes.join(' ')}"`,
    ...(typeof metadata === 'string' && URL_TEXT.test(metadata) ? [`resource_metadata="${metadata}"`] : [])
  ]
  return {
    error: { code: INVALID_REQUEST, message: description },
    status: 403,
    authenticate: `Bearer ${parts.join(', ')}`
  }
}
