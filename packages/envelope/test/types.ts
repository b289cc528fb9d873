// Compiled, never run: what a user may write against the public API, and what the compiler must refuse.
import type { KeyObject } from 'node:crypto'
import {
  type Aad, Envelope, ENVELOPE_ERRORS, EnvelopeError, type EnvelopeErrorCode, generateKey, InvalidKeyError,
  type KeyProvider, Keyring, type KeyringOptions, type Keys,
  type KeySpec, type KeyState
} from '@holdfast/envelope'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function expectType<Expected> () {
  return <const Actual>(_: Actual, ..._same: Equal<Expected, Actual> extends true ? [] : [never]): void => {}
}

declare const provider: KeyProvider
declare const keyObject: KeyObject
declare const bytes: Uint8Array
declare const error: EnvelopeError

// Keys
const spec: KeySpec = { id: 'k1', key: 'base64' }
export const fromEverything: Keys[] = ['k1:base64', [spec, {
  id: 'k0', key: bytes, state: 'decrypt-only'
}, { id: 'k', key: keyObject }, provider], provider, []]
const keyring = new Keyring([spec, provider])
export const clocked = new Keyring('k1:base64', { now: () => 0 } satisfies KeyringOptions)
expectType<string>()(keyring.active)
expectType<{ id: string, state: KeyState }[]>()(keyring.ids)
expectType<void>()(keyring.replace(provider))
expectType<void>()(keyring.drop('k0'))
expectType<string>()(generateKey())
expectType<string>()(generateKey('k1'))
// @ts-expect-error keys are required: an unset variable of the environment is not a keyring
export const unset = new Keyring(process.env.HOLDFAST_KEYS)
// @ts-expect-error there is no such state
export const state: KeySpec = { id: 'k1', key: 'base64', state: 'passive' }
// @ts-expect-error a key has an id
export const nameless: KeySpec = { key: 'base64' }
// @ts-expect-error an absent state is left out
export const absent: KeySpec = { id: 'k1', key: 'base64', state: undefined }
// @ts-expect-error a provider unwraps what it wraps
export const half: KeyProvider = { id: 'kms', wrap: async key => key }
// @ts-expect-error the id of the active key follows from the keys
keyring.active = 'k2'

// Envelope
const envelope = new Envelope(keyring)
expectType<Uint8Array | Promise<Uint8Array>>()(envelope.seal(bytes, 'aad'))
expectType<Uint8Array | Promise<Uint8Array>>()(envelope.open(bytes, ['kind', bytes]))
expectType<string | Promise<string>>()(envelope.sealText(bytes, bytes))
expectType<Uint8Array | Promise<Uint8Array>>()(envelope.openText('hf1.', [] as Aad))
expectType<string>()(envelope.keyId(bytes))
expectType<boolean>()(envelope.isCurrent('hf1.'))
// @ts-expect-error text is encoded by the caller
void envelope.seal('plaintext', 'aad')
// @ts-expect-error an AAD is required
void envelope.seal(bytes)
// @ts-expect-error an AAD is no number
void envelope.open(bytes, ['kind', 1])
// @ts-expect-error an envelope has a keyring
export const empty = new Envelope()

// Errors
expectType<Exclude<EnvelopeErrorCode, 'HOLDFAST_INVALID_KEY'>>()(error.code)
expectType<boolean>()(error.retryable)
expectType<string>()(ENVELOPE_ERRORS[error.code].slice())
expectType<string>()(new InvalidKeyError('keys[0]', 'is all zero').path)
// @ts-expect-error misuse has an error of its own
export const misuse = new EnvelopeError('HOLDFAST_INVALID_KEY')
