import { isObject } from '@holdfast/core'
import { INVALID_PARAMS, type Request } from '@holdfast/transport'
import type { HttpFailure } from './failure.js'

interface Expected {
  readonly member: string
  readonly isRight: (value: unknown) => boolean
  /** For the client. */
  readonly words: string
}

const text = (member: string): Expected =>
  ({ member, isRight: value => typeof value === 'string', words: 'a string' })
const object = (member: string): Expected => ({ member, isRight: isObject, words: 'an object' })
const maybe = ({ member, isRight, words }: Expected): Expected =>
  ({ member, isRight: value => value === undefined || isRight(value), words })

const LIST = [maybe(text('cursor'))]

/** What params the methods have (schema, 2026-07-28). What is within `arguments`, the server knows. */
const EXPECTED: ReadonlyMap<string, readonly Expected[]> = new Map([
  ['tools/call', [text('name'), maybe(object('arguments'))]],
  ['prompts/get', [text('name'), maybe(object('arguments'))]],
  ['resources/read', [text('uri')]],
  ['completion/complete', [object('ref'), object('argument'), maybe(object('context'))]],
  ['tools/list', LIST], ['prompts/list', LIST], ['resources/list', LIST], ['resources/templates/list', LIST]
])

/**
 * The refusal of a request whose params no server can read. SDK v1 would call that an internal error, and show how it
 * reads them.
 */
export function refusedRequestParams ({ method, params }: Request): HttpFailure | undefined {
  const wrong = EXPECTED.get(method)?.find(({ member, isRight }) => !isRight(params?.[member]))
  if (wrong === undefined) return undefined
  return {
    error: { code: INVALID_PARAMS, message: `Invalid params: ${wrong.member} must be ${wrong.words}` }, status: 400
  }
}
