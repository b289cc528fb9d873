import type {
  JsonSchemaType, JsonSchemaValidator, jsonSchemaValidator
} from '@modelcontextprotocol/sdk/validation/types.js'

const MAX_SCHEMAS = 256

/**
 * One JSON Schema validator for all servers of a process. The SDK would give each server its own, which takes most of
 * the memory of a live session. A schema is found by its whole text and compiled apart from the others, so an `$id` in
 * the schema of one tenant has no effect on the schema of another tenant. At the limit, the longest unused schema is
 * dropped.
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
