/** `active` may seal and opens, `decrypt-only` opens, `revoked` does neither. */
export type KeyState = 'active' | 'decrypt-only' | 'revoked'
