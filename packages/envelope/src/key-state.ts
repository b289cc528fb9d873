/** `active` may seal, `active` and `decrypt-only` open, `revoked` does neither. */
export type KeyState = 'active' | 'decrypt-only' | 'revoked'
