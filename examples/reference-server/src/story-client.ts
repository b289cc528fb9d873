import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { deadline } from './deadline.js'

/** One session, seen from the client's side: the SDK's own client, with a user who answers every question alike. */
export class StoryClient {
  readonly #client: Client
  readonly #transport: StreamableHTTPClientTransport
  #announced: (text: string) => void = () => {}

  private constructor (readonly name: string, answer: string, url: URL, token: string) {
    this.#client = new Client({ name, version: '1.0.0' }, { capabilities: { elicitation: {} } })
    this.#transport = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: `Bearer ${token}` } }
    })
    this.#client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { answer } }))
    this.#client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => this.#announced(String(params.data)))
  }

  /** Opens a session. */
  static async open (options: { name: string, answer: string, url: URL, token: string }): Promise<StoryClient> {
    const client = new StoryClient(options.name, options.answer, options.url, options.token)
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
  async call (name: string, args: Record<string, unknown> = {}, onprogress?: (progress: number) => void): Promise<any> {
    const options = onprogress === undefined ? {} : { onprogress: ({ progress }: { progress: number }) => onprogress(progress) }
    const result = await deadline(this.#client.callTool({ name, arguments: args }, undefined, options), `the answer of ${name}`)
    if (result.isError === true) throw new Error(`${name} failed: ${JSON.stringify(result.content)}`)
    return result.structuredContent
  }

  /** The next log message that reaches this client. */
  async announcement (): Promise<string> {
    return await deadline(new Promise<string>(resolve => { this.#announced = resolve }), 'an announcement')
  }

  async close (): Promise<void> {
    await this.#client.close()
  }
}
