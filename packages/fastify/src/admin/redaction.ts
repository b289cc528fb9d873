import { type Json, isObject } from '@holdfast/core'

const REDACTED = '[redacted]'

/**
 * A context without its secrets. It shows the values that its schema marks with `public: true`, at any depth of
 * `properties` and `items`, and the names of the other properties in the schema. Everything else is hidden.
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
