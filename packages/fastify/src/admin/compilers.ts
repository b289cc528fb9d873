import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'

/** Checks the routes of a scope against their schemas, independent of the compilers of the application. */
export function compilers (scope: FastifyInstance): void {
  scope.setValidatorCompiler(validator)
  scope.setSerializerCompiler(() => data => JSON.stringify(data))
}

const validator: FastifySchemaCompiler<Type.TSchema> = ({ schema, httpPart = '' }) => {
  const compiled = Compile(schema)
  return given => {
    // Values in a URL are text.
    const value = httpPart === 'body' ? given : Value.Convert(schema, Value.Default(schema, given))
    if (compiled.Check(value)) return { value }
    const [error] = compiled.Errors(value) as [TLocalizedValidationError]
    const message = error.keyword === 'boolean' ? 'is not known' : error.message
    return { error: new Error(`${httpPart}${error.instancePath.replaceAll('/', '.')}: ${message}`) }
  }
}
