import { HandlerExtra } from '@holdfast/transport'
import { CLASSIFICATION } from './sdk.js'
import type { ServedCall } from './served-call.js'

/** What SDK v2 is told beside a message: the revision, the HTTP request, and who asks. */
export class SharedExtra extends HandlerExtra {
  readonly classification = CLASSIFICATION

  constructor ({ call, handed }: ServedCall) {
    super(call.inbound, handed)
  }
}
