/** A variable of the environment: how it is read, and what it is for. */
export interface Variable<T = unknown> {
  name: string
  /** @throws Error whose message says what was expected, and nothing of the text */
  parse: (text: string) => T
  /** What is taken where it is absent. */
  default?: T
  /** What it sets: the path of an option, such as `ttl.idle` or `redis.prefix`. The default of the option applies. */
  option?: string
  /** What the documentation says of its absence, when neither `default` nor the default of the option says it. */
  absent?: string
  /** What it sets, in a sentence. */
  about: string
}

/** Variables of an application, by the names that it gives to their values. */
export type Variables = Record<string, Variable>

/** The values of variables. What is absent and has no default is undefined. */
export type Values<Table extends Variables> = {
  [Name in keyof Table]:
    ReturnType<Table[Name]['parse']> | (Table[Name] extends { default: unknown } ? never : undefined)
}
