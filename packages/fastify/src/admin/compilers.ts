import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'

/** Has the routes of a scope checked as their schemas say, whichever compilers the application uses for its own. */
export function compilers (scope: FastifyInstance): void {
  scope.setValidatorCompiler(validator)
  scope.setSerializerCompiler(() => data => JSON.stringify(data))
}

const validator: FastifySchemaCompiler<Type.TSchema> = ({ schema, httpPart = '' }) => {
  const compiled = Compile(schema)
  return given => {
    // What is in a URL is text.
    const value = httpPart === 'body' ? given : Value.Convert(schema, Value.Default(schema, given))
    if (compiled.Check(value)) return { value }
    const [error] = compiled.Errors(value) as [TLocalizedValidationError]
    const message = error.keyword === 'boolean' ? 'is not known' : error.message
    return { error: new Error(`${httpPart}${error.instancePath.replaceAll('/', '.')}: ${message}`) }
  }
}
