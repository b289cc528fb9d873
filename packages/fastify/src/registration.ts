import type { RegisterOptions } from 'fastify'

/** The options of Fastify's `register`, which come to the plugin together with its own. */
export const REGISTRATION = ['prefix', 'logLevel', 'logSerializers'] as const

/**
 * The options of `register` for the scopes of the plugin's routes. Fastify applies them only to a plugin with a scope
 * of its own. This plugin has none, because the application needs its decorators.
 */
export function registration (options: RegisterOptions): RegisterOptions {
  return Object.fromEntries(REGISTRATION.flatMap(name => options[name] === undefined ? [] : [[name, options[name]]]))
}
