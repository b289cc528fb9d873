import { type Json, isObject } from '@holdfast/core'

const REDACTED = '[redacted]'

/**
 * A context without its secrets. Shown is what its schema marks with `public: true`, at any depth of `properties` and `items`, and the
 * names of other properties that the schema has. What the schema does not spell out is hidden, whatever it is.
 */
export function redact (context: Json, schema: unknown): Json {
  return context === null ? null : visible(context, schema)
}

function visible (value: Json, schema: unknown): Json {
  if (!isObject(schema)) return REDACTED
  if (schema.public === true) return value
  const { properties, items } = schema
  if (Array.isArray(value)) return isObject(items) ? value.map(item => visible(item, items)) : REDACTED
  if (!isObject(value) || !isObject(properties)) return REDACTED
  const names = Object.keys(properties).filter(name => Object.hasOwn(value, name))
  return Object.fromEntries(names.map(name => [name, visible(value[name] as Json, properties[name])]))
}
