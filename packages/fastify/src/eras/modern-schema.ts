import Type from 'typebox'
import type { ModernOptions, RequestStateOptions } from '../options.js'
import { amount, callable, choiceOf, duration, group, refined, strict } from '../schema-parts.js'

/** Every option of `modern`. {@link ModernOptions} says what each is for. */
export const ModernSchema = Type.Object({
  server: Type.Optional(refined<NonNullable<ModernOptions['server']>>(
    value => value === 'bridge' || typeof value === 'function', "'bridge', or a function that makes a server of SDK v2",
    { default: 'bridge', words: ['bridge'] }
  )),
  per: Type.Optional(refined<NonNullable<ModernOptions['per']>>(
    value => value === 'principal' || value === 'replica' || typeof value === 'function',
    "'principal', 'replica' or a function", { words: ['principal', 'replica'] }
  )),
  parkTimeout: duration('10m'),
  maxParked: amount(1_000),
  maxParkedPerOwner: amount(100),
  maxCalls: amount(1_000),
  cache: Type.Optional(Type.Unsafe<NonNullable<ModernOptions['cache']>>({ type: 'object' })),
  requestState: Type.Optional(Type.Object({
    ttl: duration('10m'),
    once: Type.Optional(Type.Unsafe<NonNullable<RequestStateOptions['once']>>({
      enum: [false, 'reject', 'repeat'], default: false
    }))
  }, group)),
  fallback: Type.Optional(choiceOf(['sdk'])),
  sdk: Type.Optional(callable<NonNullable<ModernOptions['sdk']>>())
}, strict)
