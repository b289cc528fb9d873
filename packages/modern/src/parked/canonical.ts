import { createHash } from 'node:crypto'

/** JSON with the members of each object in one order. Undefined counts as null. */
export function canonical (value: unknown): string {
  return JSON.stringify(value ?? null, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
      : part)
}

/** SHA-256 over parts, none of which can run into the next. 43 characters. */
export function digestOf (...parts: string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return hash.digest('base64url')
}
