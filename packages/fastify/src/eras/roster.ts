import type { Session } from '@holdfast/core'
import type { RequestClaims } from '@holdfast/transport'

/** To be written. */
export class Roster {
  session (session: Session): void {}
  modern (claims: RequestClaims): void {}
}
