import type { Place } from './codec.js'

/** The version of the AAD layout. Change it when the parts of the AAD change their meaning. */
const AAD_VERSION = '1'

/** The additional authenticated data of a seal: sealed bytes open at their own place only. */
export function sealedAad ({ namespace, kind, key }: Place): string[] {
  return [namespace, kind, key, AAD_VERSION]
}
