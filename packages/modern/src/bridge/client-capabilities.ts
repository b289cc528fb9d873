import { type JsonObject, isObject } from '@holdfast/core'
import { MISSING_CAPABILITY } from '../error-codes.js'
import type { Outcome } from '../modern-call.js'

/** Capabilities that a client did not declare, as `data.requiredCapabilities` of an error names them. */
export type RequiredCapabilities = JsonObject

interface Asked { readonly method: string, readonly params?: Readonly<Record<string, unknown>> | undefined }

/** What a question needs, by its method. */
const NEEDS: Readonly<Record<string, (params: Readonly<Record<string, unknown>>) => JsonObject>> = {
  'elicitation/create': ({ mode }) => ({ elicitation: mode === 'url' ? { url: {} } : { form: {} } }),
  'sampling/createMessage': ({ tools, toolChoice }) =>
    ({ sampling: tools === undefined && toolChoice === undefined ? {} : { tools: {} } }),
  'roots/list': () => ({ roots: {} })
}

/** Whether a client can be asked with this method at all. */
export function isQuestion (method: string): boolean {
  return Object.hasOwn(NEEDS, method)
}

/** What a client lacks to be asked these questions; undefined when it lacks nothing. */
export function missingFor (
  questions: Iterable<Asked>, capabilities: Readonly<JsonObject>
): RequiredCapabilities | undefined {
  const missing: JsonObject = {}
  for (const { method, params = {} } of questions) {
    // A question that a newer version has stored may have another method.
    for (const [name, needed] of Object.entries(isQuestion(method) ? NEEDS[method]?.(params) as JsonObject : {})) {
      if (has(capabilities, name, needed as JsonObject)) continue
      missing[name] = { ...missing[name] as JsonObject | undefined, ...needed as JsonObject }
    }
  }
  return Object.keys(missing).length > 0 ? missing : undefined
}

/** HTTP status and code: basic/index, Error Codes. */
export function missingCapability (requiredCapabilities: RequiredCapabilities): Outcome {
  return {
    error: {
      code: MISSING_CAPABILITY,
      message: 'The request needs a capability that the client did not declare',
      data: { requiredCapabilities }
    },
    status: 400
  }
}

function has (capabilities: Readonly<JsonObject>, name: string, needed: JsonObject): boolean {
  const declared = capabilities[name]
  if (!isObject(declared)) return false
  // An empty `elicitation` means forms (client/elicitation, Capabilities).
  if (name === 'elicitation' && 'form' in needed && declared.url === undefined) return true
  return Object.keys(needed).every(part => isObject(declared[part]))
}
