import { OptionsSchema } from '@holdfast/fastify'
import { Value } from 'typebox/value'
import { duration, matching, oneOf, share, wholeNumber, yesOrNo } from './values.js'
import type { Variable } from './variable.js'

/** As much of the schema of an option as says how its text is read. */
interface OptionSchema {
  type: string | string[]
  enum?: string[]
  pattern?: string
  properties?: Record<string, OptionSchema>
}

const PARSERS: Record<string, (schema: OptionSchema, expected: string) => (text: string) => unknown> = {
  boolean: () => yesOrNo,
  integer: () => wholeNumber(1),
  number: () => share,
  string: ({ enum: words, pattern = '' }, expected) =>
    words === undefined ? matching(new RegExp(pattern), expected) : oneOf(words)
}

/**
 * A variable that sets an option of the plugin. The schema of the option says which values it takes.
 *
 * @param expected what a text is, for the error
 */
export function pluginOption (name: string, option: string, about: string, expected = ''): Variable {
  const schema = schemaAt(option)
  // A duration is a number or a string.
  const parse = Array.isArray(schema.type) ? duration : PARSERS[schema.type]?.(schema, expected)
  return { name, option, about, parse: checked(schema, parse as Variable['parse']) }
}

function schemaAt (option: string): OptionSchema {
  const root = OptionsSchema as unknown as OptionSchema
  return option.split('.').reduce((schema, name) => schema.properties?.[name] as OptionSchema, root)
}

function checked (schema: OptionSchema, parse: Variable['parse']): Variable['parse'] {
  return text => {
    const value = parse(text)
    // What the parser took and the schema refuses is too long: a duration, or a name.
    if (!Value.Check(schema as object, value)) throw new Error(tooLong(schema))
    return value
  }
}

function tooLong ({ type }: OptionSchema): string {
  return Array.isArray(type) ? 'expected at most 24 days' : 'expected at most 64 characters'
}
