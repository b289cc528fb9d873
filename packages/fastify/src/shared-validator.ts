import type { JsonSchemaType, JsonSchemaValidator, jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js'

const MAX_SCHEMAS = 256

/**
 * One JSON Schema validator for all servers of a process; the SDK would give each its own, which is most of what a live
 * session weighs. Schemas are told apart by their whole text and compiled apart from each other, so that an `$id` of one
 * tenant's schema means nothing to another's; the longest unused gives way.
 */
export class SharedValidator implements jsonSchemaValidator {
  readonly #compiled = new Map<string, JsonSchemaValidator<unknown>>()

  /** @param create makes the validator that compiles one schema */
  constructor (private readonly create: () => jsonSchemaValidator) {}

  getValidator<T> (schema: JsonSchemaType): JsonSchemaValidator<T> {
    const text = JSON.stringify(schema)
    const validator = this.#compiled.get(text) ?? this.create().getValidator(schema)
    this.#compiled.delete(text)
    this.#compiled.set(text, validator)
    if (this.#compiled.size > MAX_SCHEMAS) this.#compiled.delete(this.#compiled.keys().next().value as string)
    return validator as JsonSchemaValidator<T>
  }
}

/** The SDK's own validator, shared. */
export async function sharedValidator (): Promise<SharedValidator> {
  const { AjvJsonSchemaValidator } = await import('@modelcontextprotocol/sdk/validation/ajv')
  return new SharedValidator(() => new AjvJsonSchemaValidator())
}
