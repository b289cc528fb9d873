import { Value } from 'typebox/value'

/**
 * What the schema of the plugin's options says of each: `[{ name, value, fallback, about }]`. Groups are taken apart.
 */
export function pluginOptions (schema) {
  return Object.entries(schema.properties).flatMap(([name, option]) => rows(name, option))
}

function rows (name, option) {
  if (option.properties !== undefined) {
    return Object.entries(option.properties).flatMap(([inner, part]) => rows(`${name}.${inner}`, part))
  }
  const fallback = option.default === undefined ? '' : `\`${option.default}\``
  return [{ name, value: value(option), fallback, about: option.description }]
}

function value (option) {
  if (Array.isArray(option.type)) return 'duration'
  if (option.enum !== undefined) return option.enum.map(word => `\`${word}\``).join(', ')
  if (option.type === 'array') return `${option.items.type}s`
  if (option.type !== undefined) return option.type
  // The schema has no word for it, but knows one when it sees it.
  if (Value.Check(option, () => {})) return 'function'
  return Value.Check(option, '…') ? 'string or object' : 'object'
}
