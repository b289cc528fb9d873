import type { RegisterOptions } from 'fastify'

/** What Fastify's `register` takes beside the options of a plugin, and hands to it. */
export const REGISTRATION = ['prefix', 'logLevel', 'logSerializers'] as const

/**
 * The options of `register`. Fastify itself obeys them only for plugins that have a scope of their own, which this one has not: the
 * application is to see its decorators.
 */
export function registration (options: RegisterOptions): RegisterOptions {
  return Object.fromEntries(REGISTRATION.flatMap(name => options[name] === undefined ? [] : [[name, options[name]]]))
}
