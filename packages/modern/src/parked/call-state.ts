import { type BoundCodec, isHoldfastError } from '@holdfast/core'

/** Characters of the longest state that is looked at. One of ours has some 300. */
const MAX_LENGTH = 4_096
const KIND = 'call'

/** Where a parked call stood when its client was asked. */
export interface CallState {
  /** The id of the call. Only the state contains it. */
  readonly call: string
  /** The replica in which the handler waits. */
  readonly replica: string
  /** How much of what the call has said the client knows. */
  readonly position: number
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/**
 * A state as `requestState`. Who may use it for which request is authenticated, not contained.
 *
 * @param binding see `bindingOf`
 */
export async function sealState (
  codec: BoundCodec, binding: string, { call, replica, position, expires }: CallState
): Promise<string> {
  const sealed = await codec.seal(KIND, binding, Buffer.from(JSON.stringify([call, replica, position, expires])))
  return Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).toString('base64url')
}

/**
 * Opens a `requestState`. Undefined for everything but a living state of this binding.
 *
 * @throws HoldfastError HOLDFAST_KEY_UNAVAILABLE
 */
export async function openState (
  codec: BoundCodec, binding: string, given: unknown, now: number
): Promise<CallState | undefined> {
  const sealed = bytesOf(given)
  if (sealed === undefined) return undefined
  try {
    const opened = await codec.open(KIND, binding, sealed)
    const state = read(JSON.parse(Buffer.from(opened).toString()))
    return state !== undefined && now < state.expires ? state : undefined
  } catch (error) {
    if (isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE')) throw error
    return undefined
  }
}

function bytesOf (given: unknown): Buffer | undefined {
  if (typeof given !== 'string' || given === '' || given.length > MAX_LENGTH) return undefined
  const bytes = Buffer.from(given, 'base64url')
  // Another text of the same bytes is not what the client was given.
  return bytes.toString('base64url') === given ? bytes : undefined
}

/** A codec that leaves everything readable does not vouch for what it opens. */
function read (value: unknown): CallState | undefined {
  if (!Array.isArray(value)) return undefined
  const [call, replica, position, expires] = value as unknown[]
  if (typeof call !== 'string' || typeof replica !== 'string' || !/^[0-9a-f]{16}$/.test(replica)) return undefined
  if (!Number.isSafeInteger(position) || Number(position) < 0 || !Number.isSafeInteger(expires)) return undefined
  return { call, replica, position: Number(position), expires: Number(expires) }
}
