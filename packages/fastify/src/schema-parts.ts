import Type from 'typebox'
import { type Duration, LONGEST_TIMER, milliseconds } from '@holdfast/core'

export const strict = { additionalProperties: false }
export const group = { ...strict, default: {} }

export function refined<T> (isValid: (value: unknown) => boolean, expected: string, schema = {}): Type.TUnsafe<T> {
  return Type.Refine(Type.Unsafe<T>(schema), isValid, () => `expected ${expected}`) as unknown as Type.TUnsafe<T>
}

export function callable<T> (): Type.TUnsafe<T> {
  return refined<T>(value => typeof value === 'function', 'a function')
}

export function duration (
  fallback: string | undefined, longest = LONGEST_TIMER
): Type.TOptional<Type.TUnsafe<Duration>> {
  const expected = 'milliseconds, or a duration such as "30s", "15m", "24h"'
  const isValid = (value: unknown): boolean => isDuration(value, longest)
  return Type.Optional(refined<Duration>(isValid, longest === Infinity ? expected : `${expected}; at most 24 days`, {
    type: ['number', 'string'], ...(fallback !== undefined && { default: fallback })
  }))
}

export function isDuration (value: unknown, longest: number): boolean {
  try {
    return milliseconds(value as Duration, '') <= longest
  } catch {
    return false
  }
}

export function amount (fallback: number): Type.TOptional<Type.TInteger> {
  return Type.Optional(Type.Integer({ minimum: 1, default: fallback }))
}

export function choice<const T extends string> (values: T[], fallback: T): Type.TOptional<Type.TUnsafe<T>> {
  return Type.Optional(Type.Unsafe<T>({ type: 'string', enum: values, default: fallback }))
}

export function choiceOf<const T extends string> (values: T[]): Type.TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values })
}
