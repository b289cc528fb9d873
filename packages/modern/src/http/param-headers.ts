import { isObject } from '@holdfast/core'
import type { Inbound } from '@holdfast/transport'
import type { HttpFailure } from '../failure.js'
import { headerFault } from './header-value.js'
import { mismatch } from './headers.js'
import { type Declaration, declarations } from './param-declarations.js'

/** A whole number, as a header may say it: `42`, `-7`, `42.0`. */
const WHOLE = /^-?\d{1,32}(\.0{1,32})?$/
const DECIMAL = /^-?\d{1,32}(\.\d{1,32})?$/

/**
 * The refusal of a `tools/call` whose `Mcp-Param-*` headers do not say what its arguments say
 * (basic/transports/streamable-http, Server Behavior for Custom Headers). A header that no parameter declares is
 * ignored; one whose parameter has no value is refused, because somebody on the way may have trusted it.
 *
 * @param schema the tool's input schema; anything that declares nothing is right
 */
export function refusedParams (schema: unknown, args: unknown, { headers }: Inbound): HttpFailure | undefined {
  for (const declaration of declarations(schema)) {
    const value = valueAt(args, declaration.path)
    const raw = headers[declaration.key]
    const isMeant = comparison(value, declaration)
    if (isMeant === undefined && raw === undefined) continue
    const fault = headerFault(raw, isMeant ?? (() => false))
    if (fault !== undefined) return mismatch(declaration.header, fault)
  }
  return undefined
}

/** How a header is compared with a value; undefined for a value that no header can carry. */
function comparison (value: unknown, { type }: Declaration): ((text: string) => boolean) | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return text => text === String(value)
  if (typeof value !== 'number' || (Number.isInteger(value) && !Number.isSafeInteger(value))) return undefined
  const pattern = type === 'integer' ? WHOLE : DECIMAL
  return text => text === String(value) || (type !== 'string' && pattern.test(text) && Number(text) === value)
}

function valueAt (root: unknown, path: readonly string[]): unknown {
  let node = root
  for (const name of path) {
    if (!isObject(node)) return undefined
    node = node[name]
  }
  return node ?? undefined
}
