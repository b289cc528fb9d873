import { type JsonObject, isObject } from '@holdfast/core'
import type { Response } from '@holdfast/transport'
import { URL_ELICITATION_REQUIRED } from '../error-codes.js'
import { SERVER_KEY } from '../meta-keys.js'
import type { Outcome } from '../modern-call.js'
import { MODERN_VERSION } from '../versions.js'
import type { Introduction } from './bridged-server.js'
import { ASKING } from './names.js'

/** A result of the new revision. For how long and for whom it may be kept, the endpoint says. */
export function complete (
  method: string, result: Readonly<Record<string, unknown>>, { serverInfo }: Introduction
): Outcome {
  const { _meta: meta } = result
  return {
    result: {
      ...(method === 'tools/list' ? withoutExecution(result) : result),
      resultType: 'complete',
      _meta: { ...(isObject(meta) && meta), [SERVER_KEY]: serverInfo }
    }
  }
}

/** The answer to `server/discover`. */
export function discoverOutcome (introduction: Introduction): Outcome {
  const { capabilities: { tasks, ...capabilities }, instructions } = introduction
  return complete('server/discover', {
    supportedVersions: [MODERN_VERSION], capabilities, ...(instructions !== undefined && { instructions })
  }, introduction)
}

/** What a server's answer means in the new revision. */
export function outcomeOf (method: string, response: Response, introduction: Introduction): Outcome {
  if ('result' in response) return complete(method, response.result, introduction)
  const { code, message, data } = response.error
  if (code === URL_ELICITATION_REQUIRED && ASKING.has(method)) {
    const inputRequests = visits(data)
    if (inputRequests !== undefined) return inputRequired(inputRequests, introduction.serverInfo)
  }
  return { error: { code, message, ...(data !== undefined && { data }) } }
}

/** A result that asks the client. Without `requestState`, the client's next attempt runs the call anew. */
export function inputRequired (
  inputRequests: Readonly<Record<string, unknown>>, serverInfo: Readonly<JsonObject>, requestState?: string
): Outcome {
  return {
    result: {
      resultType: 'input_required',
      inputRequests,
      ...(requestState !== undefined && { requestState }),
      _meta: { [SERVER_KEY]: serverInfo }
    }
  }
}

/** The questions of an error that demands visits to URLs; undefined when it names none. */
function visits (data: unknown): JsonObject | undefined {
  const elicitations = isObject(data) && Array.isArray(data.elicitations) ? data.elicitations as unknown[] : []
  const questions = elicitations.filter(isObject).map(({ message, url }, index) =>
    [`url-${index + 1}`, { method: 'elicitation/create', params: { mode: 'url', message, url } }])
  return questions.length > 0 ? Object.fromEntries(questions) as JsonObject : undefined
}

function withoutExecution (result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!Array.isArray(result.tools)) return result
  return {
    ...result,
    tools: result.tools.map((tool: unknown) => {
      if (!isObject(tool) || !('execution' in tool)) return tool
      const { execution, ...others } = tool
      return others
    })
  }
}
