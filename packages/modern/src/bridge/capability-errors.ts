import { type JsonObject, isObject } from '@holdfast/core'
import type { Outcome } from '../modern-call.js'
import { type RequiredCapabilities, missingFor } from './client-capabilities.js'

/**
 * What SDK v1 and v2 throw at a handler that asks a client for what it cannot do. They throw before a message leaves
 * the server, and a handler that does not catch it turns it into its result.
 */
const ERRORS: ReadonlyArray<readonly [RegExp, { method: string, params: JsonObject }]> = [
  [/^Client does not support url elicitation\.$/, { method: 'elicitation/create', params: { mode: 'url' } }],
  [/^Client does not support (form elicitation\.|elicitation \(required for elicitation\/create\))$/,
    { method: 'elicitation/create', params: {} }],
  [/^Client does not support sampling \(required for sampling\/createMessage\)$/,
    { method: 'sampling/createMessage', params: {} }],
  [/^Client does not support sampling tools capability\.$/,
    { method: 'sampling/createMessage', params: { tools: [] } }],
  [/^Client does not support listing roots \(required for roots\/list\)$/, { method: 'roots/list', params: {} }]
]

/**
 * The capability that a call failed for, when it did so with such an error and the client has indeed not declared it.
 */
export function failedFor (
  outcome: Outcome, capabilities: Readonly<JsonObject>
): RequiredCapabilities | undefined {
  const text = failure(outcome)
  if (text === undefined) return undefined
  const [, question] = ERRORS.find(([message]) => message.test(text)) ?? []
  return question && missingFor([question], capabilities)
}

function failure (outcome: Outcome): string | undefined {
  if ('error' in outcome) return outcome.error.message.replace(/^MCP error -?\d+: /, '')
  const { isError, content } = outcome.result
  if (isError !== true || !Array.isArray(content) || content.length !== 1) return undefined
  const [only] = content as unknown[]
  return isObject(only) && typeof only.text === 'string' ? only.text.replace(/^MCP error -?\d+: /, '') : undefined
}
