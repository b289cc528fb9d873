import { InvalidOptionError } from './errors.js'

/**
 * Refuses options that are present without a value, such as `url: process.env.REDIS_URL` while that variable is not
 * set. Their defaults would be something else than the caller meant.
 *
 * @throws InvalidOptionError naming the option
 */
export function refuseUnset<Options extends object> (
  options: Options, names: ReadonlyArray<keyof Options & string>
): void {
  for (const name of names) {
    if (Object.hasOwn(options, name) && options[name] === undefined) {
      throw new InvalidOptionError(name, 'has no value; perhaps a variable of the environment is not set')
    }
  }
}
