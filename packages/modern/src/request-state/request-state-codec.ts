import {
  BoundCodec, type Codec, type Duration, HoldfastError, InvalidOptionError, type Sessions, isObject, milliseconds
} from '@holdfast/core'
import { INVALID_STATE } from '../endings.js'
import { Once } from './once.js'
import { OnceStore } from './once-store.js'
import { type StateContent, decodeContent, encodeContent } from './state-content.js'
import { type StatePlace, statePlace } from './state-place.js'
import { StateRefused, temporary } from './state-refusals.js'
import { MAX_STATE, fromText, toText } from './state-text.js'

/** Seals and opens `requestState` for SDK v2: its option `requestState`, and its handlers, take it as it is. */
export interface RequestStateCodec<Payload = unknown> {
  /**
   * Seals a value for the retry of the request that a handler serves.
   *
   * @param payload JSON. The client cannot read it
   * @param ctx the handler's context
   * @throws TypeError without a context of Holdfast, or for a payload that is no JSON
   * @throws HoldfastError HOLDFAST_STATE_TOO_LARGE beyond 65,536 characters of text, and what the codec throws
   */
  mint (payload: Payload, ctx: object): Promise<string>
  /**
   * The value of a state. Only for a retry of the same request, by the same principal, in time; and with `once`, only
   * for the first one. SDK v2 calls it before the handler.
   *
   * @throws StateRefused, which SDK v2 answers with -32602. A shared server answers an outage with 503
   */
  verify (state: string, ctx: object): Promise<Payload>
}

/** Options of {@link requestStateCodec}. */
export interface RequestStateOptions {
  /**
   * Their namespace is part of each seal. Their codec seals, unless `codec` is given. Their backend keeps the used
   * states.
   */
  sessions: Sessions<any, any>
  /** Seals in place of the codec of the sessions. It must be the same in all replicas. */
  codec?: Codec
  /** How long a state is valid. Default 10 minutes. */
  ttl?: Duration
  /**
   * `false`: a state may come again and again until it expires. `'reject'`: the second call with it is refused.
   * `'repeat'`: the second call gets what the first one got, and waits for it if it has to; the first goes on when its
   * client is gone. Default `false`.
   */
  once?: false | 'reject' | 'repeat'
  /**
   * With `'repeat'`: how long a call waits for the first one, and how long the first goes on without its client.
   * Default 1 minute.
   */
  timeout?: Duration
  /** The clock: milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
}

/** @throws InvalidOptionError */
export function requestStateCodec<Payload = unknown> (options: RequestStateOptions): RequestStateCodec<Payload> {
  const { sessions, once = false, now = Date.now } = options
  if (!isObject(sessions?.vault)) throw new InvalidOptionError('sessions', 'expected Sessions')
  const { namespace } = sessions.vault
  const codec = options.codec === undefined ? sessions.vault.codec : new BoundCodec(options.codec, namespace)
  if (codec.exposes !== undefined) {
    throw new InvalidOptionError('codec', 'clients hold their states, so these need keys, as `sealed` has them')
  }
  if (once !== false && once !== 'reject' && once !== 'repeat') {
    throw new InvalidOptionError('once', 'expected false, "reject" or "repeat"')
  }
  const ttl = milliseconds(options.ttl ?? '10m', 'ttl')
  const timeout = milliseconds(options.timeout ?? '1m', 'timeout')
  const uses = once === false ? undefined : new Once(new OnceStore(sessions), once, timeout)

  async function verified (text: unknown, place: StatePlace): Promise<unknown> {
    const { expires, payload } = await opened(codec, text, place)
    const left = expires - now()
    if (left <= 0) throw new StateRefused()
    // In a session, a state comes back from the SDK itself, which asks once.
    const { served } = place
    if (uses === undefined || served === undefined) return payload
    served.call.usesStorage()
    await uses.use(text as string, place, served, left)
    return payload
  }

  return {
    async mint (payload, ctx) {
      const { key } = statePlace(ctx)
      const content = encodeContent({ expires: now() + ttl, payload })
      const sealed = codec.seal('state', key, content)
      // Waiting for what is there would cost a turn.
      const text = toText(sealed instanceof Promise ? await sealed : sealed)
      if (text.length > MAX_STATE) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE', 'The requestState is too large.')
      return text
    },

    async verify (state, ctx) {
      const place = statePlace(ctx)
      try {
        return await verified(state, place) as Payload
      } catch (error) {
        const outcome = error instanceof StateRefused ? error.outcome : temporary(error)
        // The SDK's own answer to a state that is not valid is the same for one that is no text.
        const { served } = place
        if (outcome !== undefined && outcome !== INVALID_STATE && served !== undefined) served.verdict = outcome
        throw error
      }
    }
  }
}

/** @throws StateRefused, or a HoldfastError when it is not known whether the state is valid */
async function opened (codec: BoundCodec, text: unknown, { key }: StatePlace): Promise<StateContent> {
  const sealed = fromText(text)
  if (sealed === undefined) throw new StateRefused()
  try {
    const content = codec.open('state', key, sealed)
    return decodeContent(content instanceof Promise ? await content : content)
  } catch (error) {
    throw temporary(error) === undefined ? new StateRefused() : error
  }
}
