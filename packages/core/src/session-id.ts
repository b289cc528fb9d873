import { randomBytes } from 'node:crypto'

/** 32 bytes of a CSPRNG as base64url: 43 characters of 0x21–0x7E, as MCP asks of a session id. */
export function mintSessionId (): string {
  return randomBytes(32).toString('base64url')
}

/** Whether a string can be a session id at all: 1 to 256 characters of 0x21–0x7E (MCP, Streamable HTTP). */
export function isSessionId (value: unknown): value is string {
  return typeof value === 'string' && value.length <= 256 && /^[\x21-\x7e]+$/.test(value)
}
