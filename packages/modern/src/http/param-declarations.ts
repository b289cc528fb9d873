import { isObject } from '@holdfast/core'

/** A parameter that clients repeat in a header. */
export interface Declaration {
  /** The names of the properties that lead to it. */
  readonly path: readonly string[]
  /** The header's name, as it is shown. */
  readonly header: string
  /** The header's name, as Node gives it. */
  readonly key: string
  readonly type: string
}

const KEYWORD = 'x-mcp-header'

/** RFC 9110 §5.6.2. */
const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/

/** `number` is not permitted, but the SDK checks it where a tool has it. */
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean', 'number'])

/** Keywords with schemas in which nothing may be declared: a list of schemas, or one. */
const ELSEWHERE = [
  'items', 'prefixItems', 'contains', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems',
  'propertyNames', 'oneOf', 'anyOf', 'allOf', 'not', 'if', 'then', 'else'
]

/** The same for keywords that hold schemas by name. */
const ELSEWHERE_BY_NAME = ['patternProperties', 'dependentSchemas', '$defs', 'definitions']

/** Nesting of a schema that is looked at. */
const MAX_DEPTH = 64

const NONE: readonly Declaration[] = []

const known = new WeakMap<object, readonly Declaration[]>()

/**
 * What a tool's input schema declares. Clients must not call a tool that declares something in a way that is not
 * allowed (basic/transports/streamable-http, Schema Extension), so such a schema declares nothing. Each schema object
 * is read once.
 */
export function declarations (schema: unknown): readonly Declaration[] {
  if (!isObject(schema)) return NONE
  let found = known.get(schema)
  if (found === undefined) known.set(schema, found = read(schema))
  return found
}

function read (schema: Record<string, unknown>): readonly Declaration[] {
  const found: Declaration[] = []
  return visit(schema, [], found) && areUnique(found) ? found : NONE
}

/** False when something is declared in a way that is not allowed. `path` is undefined where nothing may be. */
function visit (schema: unknown, path: readonly string[] | undefined, found: Declaration[], depth = 0): boolean {
  if (!isObject(schema)) return true
  if (depth > MAX_DEPTH) return false
  if (schema[KEYWORD] !== undefined) {
    const declared = declaration(schema, path)
    if (declared === undefined) return false
    found.push(declared)
  }
  return members(schema.properties).every(([name, child]) => visit(child, path && [...path, name], found, depth + 1)) &&
    ELSEWHERE.every(keyword => [schema[keyword]].flat().every(child => visit(child, undefined, found, depth + 1))) &&
    ELSEWHERE_BY_NAME.every(keyword =>
      members(schema[keyword]).every(([, child]) => visit(child, undefined, found, depth + 1)))
}

function declaration (
  { [KEYWORD]: name, type }: Record<string, unknown>, path: readonly string[] | undefined
): Declaration | undefined {
  if (path === undefined || path.length === 0 || typeof name !== 'string' || !TOKEN.test(name)) return undefined
  if (!TYPES.has(type)) return undefined
  const header = `Mcp-Param-${name}`
  return { path, header, key: header.toLowerCase(), type: type as string }
}

function areUnique (found: readonly Declaration[]): boolean {
  return new Set(found.map(({ key }) => key)).size === found.length
}

function members (schemas: unknown): Array<[string, unknown]> {
  return isObject(schemas) ? Object.entries(schemas) : []
}
