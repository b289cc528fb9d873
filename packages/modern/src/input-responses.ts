import { isObject } from '@holdfast/core'
import { INVALID_PARAMS, INVALID_REQUEST, type Request } from '@holdfast/transport'
import type { Outcome } from './modern-call.js'

/** Answers in one request. */
const MAX_ANSWERS = 100

export type Answers = ReadonlyMap<string, Readonly<Record<string, unknown>>>

/**
 * The `inputResponses` of a request. Without any, no answers; an {@link Outcome} when they have the wrong form. A map,
 * because the client chooses the keys.
 */
export function answersOf ({ params = {} }: Request): Answers | Outcome {
  const { inputResponses: given } = params
  if (given === undefined) return new Map()
  if (!isObject(given)) return invalid
  const entries = Object.entries(given)
  if (entries.length > MAX_ANSWERS) {
    const message = `Invalid Request: inputResponses may hold ${MAX_ANSWERS} answers`
    return { error: { code: INVALID_REQUEST, message }, status: 400 }
  }
  return entries.every(isAnswer) ? new Map(entries) : invalid
}

const invalid: Outcome = {
  error: { code: INVALID_PARAMS, message: 'Invalid params: inputResponses must be an object of results' }
}

function isAnswer (entry: [string, unknown]): entry is [string, Record<string, unknown>] {
  return isObject(entry[1])
}
