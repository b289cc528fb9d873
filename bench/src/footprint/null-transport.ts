import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'

/** Carries nothing anywhere: what remains is the SDK's server object. */
export class NullTransport implements Transport {
  onmessage?: (message: JSONRPCMessage) => void
  onclose?: () => void
  onerror?: (error: Error) => void

  async start (): Promise<void> {}
  async send (): Promise<void> {}
  async close (): Promise<void> {
    this.onclose?.()
  }
}
