import { HoldfastError } from '@holdfast/core'
import type { Message } from '@holdfast/transport'
import { MODERN_VERSION } from '../versions.js'

/** What SDK v2 is told of each message, so that it serves it by the rules of {@link MODERN_VERSION}. */
export const CLASSIFICATION = { era: 'modern', revision: MODERN_VERSION } as const

/** The part of the SDK's `PerRequestHTTPServerTransport` that a shared server needs. */
export interface SdkTransport {
  onclose?: () => void
  onmessage?: (message: Message, extra?: object) => void
  start (): Promise<void>
  send (message: Message, options?: SendOptions): Promise<void>
  close (): Promise<void>
}

export interface SendOptions {
  relatedRequestId?: string | number
}

/** A `fetch` that serves each request with a server object of its own. */
export interface SdkHandler {
  fetch (request: globalThis.Request, options: { parsedBody: unknown, authInfo?: object }): Promise<globalThis.Response>
  close (): Promise<void>
}

/** The part of `@modelcontextprotocol/server` that this package uses. All of it is public there. */
export interface Sdk {
  readonly PerRequestHTTPServerTransport: new (options: { classification: typeof CLASSIFICATION }) => SdkTransport
  readonly SUPPORTED_PROTOCOL_VERSIONS: readonly string[]
  createMcpHandler (factory: () => unknown, options: object): SdkHandler
}

/**
 * The optional peer, loaded only when a shared server starts.
 *
 * @throws HoldfastError HOLDFAST_FACTORY_FAILED when it is missing, or not a 2.4 or newer 2.x
 */
export async function loadSdk (load: () => Promise<unknown>): Promise<Sdk> {
  let sdk
  try {
    sdk = await load() as Partial<Sdk>
  } catch (error) {
    throw new HoldfastError(
      'HOLDFAST_FACTORY_FAILED',
      'A shared server needs the package @modelcontextprotocol/server 2.4 or newer: ' +
      'npm install @modelcontextprotocol/server',
      { cause: error }
    )
  }
  const { PerRequestHTTPServerTransport: transport, SUPPORTED_PROTOCOL_VERSIONS: versions, createMcpHandler } = sdk
  if (typeof transport !== 'function' || !Array.isArray(versions) || typeof createMcpHandler !== 'function') {
    throw new HoldfastError(
      'HOLDFAST_FACTORY_FAILED',
      'This version of @modelcontextprotocol/server cannot be shared: a shared server needs 2.4 or newer'
    )
  }
  return sdk as Sdk
}
