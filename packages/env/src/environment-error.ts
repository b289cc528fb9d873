/** The environment is not usable. The message has a line for each problem: the name of a variable, never a value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
  readonly code = 'INVALID_ENVIRONMENT'
  /** @param problems such as `HOLDFAST_IDLE: is empty: unset it, or give it a value` */
  constructor (readonly problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options)
  }
}
