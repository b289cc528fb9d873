import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { deadline } from './deadline.js'

export interface StoryClientOptions {
  name: string
  /** What its user says to every question. */
  answer: string
  url: URL
  /** The bearer token of its tenant, where the server asks for one. */
  token?: string
  /** What it lends to its session. */
  apiKey?: string
  /** In place of the global one, to see what is answered. */
  fetch?: typeof fetch
}

/** One session, seen from the client's side: the SDK's own client, with a user who answers every question alike. */
export class StoryClient {
  readonly #client: Client
  readonly #transport: StreamableHTTPClientTransport
  /** More patience than the SDK's two attempts: a server may take a while to come back. */
  readonly #reconnection = {
    initialReconnectionDelay: 500, maxReconnectionDelay: 1_000, reconnectionDelayGrowFactor: 1, maxRetries: 120
  }

  #look = (): void => {}
  /** Log messages that reached this client, in their order. */
  readonly heard: string[] = []
  readonly name: string

  private constructor ({ name, answer, url, token, apiKey, fetch }: StoryClientOptions) {
    this.name = name
    this.#client = new Client({ name, version: '1.0.0' }, { capabilities: { elicitation: {} } })
    this.#transport = new StreamableHTTPClientTransport(url, {
      requestInit: {
        headers: {
          ...token !== undefined && { authorization: `Bearer ${token}` },
          ...apiKey !== undefined && { 'x-api-key': apiKey }
        }
      },
      reconnectionOptions: this.#reconnection,
      ...fetch !== undefined && { fetch }
    })
    this.#client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { answer } }))
    this.#client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      this.heard.push(String(params.data))
      this.#look()
    })
  }

  /** Opens a session. */
  static async open (options: StoryClientOptions): Promise<StoryClient> {
    const client = new StoryClient(options)
    await deadline(client.#client.connect(client.#transport), `opening the session of ${options.name}`)
    return client
  }

  get sessionId (): string {
    return this.#transport.sessionId ?? ''
  }

  get protocolVersion (): string {
    return this.#transport.protocolVersion ?? ''
  }

  /** Calls a tool and resolves to its structured content. */
  async call (
    name: string, args: Record<string, unknown> = {}, onprogress?: (progress: number) => void
  ): Promise<any> {
    const options = onprogress === undefined
      ? {}
      : { onprogress: ({ progress }: { progress: number }) => onprogress(progress) }
    const call = this.#client.callTool({ name, arguments: args }, undefined, options)
    const result = await deadline(call, `the answer of ${name}`)
    if (result.isError === true) throw new Error(`${name} failed: ${JSON.stringify(result.content)}`)
    return result.structuredContent
  }

  /** Resolves once a log message has reached this client. */
  async hears (text: string): Promise<void> {
    await deadline(new Promise<void>(resolve => {
      this.#look = () => { if (this.heard.includes(text)) resolve() }
      this.#look()
    }), `the announcement "${text}"`)
  }

  async close (): Promise<void> {
    // The SDK's transport tries on after it was closed, where it was just trying.
    this.#reconnection.maxRetries = 0
    await this.#client.close()
  }
}
