import type { Static, TSchema } from 'typebox'
import type { ContextOptions, HoldfastOptions } from './options.js'
import type { AppContext, AppData, ContextValue } from './session-types.js'

/** {@link HoldfastOptions} whose context has the type of its schema. */
export type SchemaOptions<Data extends object, Schema extends TSchema> = HoldfastOptions<Data, Static<Schema>> & {
  context: ContextOptions<Static<Schema>> & { schema: Schema }
}

/** {@link HoldfastOptions} without a schema: the context has the type that `resolve` returns. */
export type ResolvedOptions<Data extends object, Context extends ContextValue> = HoldfastOptions<Data, Context> & {
  context?: { schema?: never }
}

/** Takes options whose `session.data` is a `Data`. */
export interface DefineOptions<Data extends object> {
  /** The type of `session.context` is the type of `context.schema`. */
  <Schema extends TSchema>(options: SchemaOptions<Data, Schema>): HoldfastOptions
  /** The type of `session.context` is what `context.resolve` returns. Write `context` before `createServer`. */
  <Context extends ContextValue = AppContext>(options: ResolvedOptions<Data, Context>): HoldfastOptions
}

/**
 * Types the options of the plugin, and returns them as they are. `defineHoldfast({ context, createServer })` infers the
 * type of `session.context`. `defineHoldfast<Data>()({ … })` types `session.data`, too.
 */
export function defineHoldfast<Data extends object> (): DefineOptions<Data>
export function defineHoldfast<Schema extends TSchema> (options: SchemaOptions<AppData, Schema>): HoldfastOptions
export function defineHoldfast<Context extends ContextValue = AppContext> (
  options: ResolvedOptions<AppData, Context>
): HoldfastOptions
export function defineHoldfast (options?: unknown): unknown {
  return options ?? ((given: unknown) => given)
}
