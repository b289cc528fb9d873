import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

/**
 * The SDK's transport with more patience than its two attempts: a server may take a while to come back. Once closed, it
 * tries no more.
 */
export class PatientTransport extends StreamableHTTPClientTransport {
  readonly #reconnection: { maxRetries: number }

  /** @param delay milliseconds before the first attempt */
  constructor (
    url: URL,
    headers: Record<string, string>,
    { delay, maxRetries }: { delay: number, maxRetries: number }
  ) {
    const reconnectionOptions = {
      initialReconnectionDelay: delay, maxReconnectionDelay: 1_000, reconnectionDelayGrowFactor: 1, maxRetries
    }
    super(url, { requestInit: { headers }, reconnectionOptions })
    this.#reconnection = reconnectionOptions
  }

  override async close (): Promise<void> {
    // The SDK's goes on where it was just trying.
    this.#reconnection.maxRetries = 0
    await super.close()
  }
}
