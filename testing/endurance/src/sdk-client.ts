import { PatientTransport } from '@holdfast/clients/patient-transport'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'

/** Milliseconds that a call may take. */
const CALL_TIMEOUT = 180_000

/** The SDK's own client, whose user answers each question with the question and its own name. */
export class SdkClient {
  readonly #client: Client
  /** Log messages that reached it, in their order. */
  readonly heard: string[] = []
  #listening = (): void => {}

  private constructor (readonly name: string) {
    this.#client = new Client({ name, version: '1.0.0' }, { capabilities: { elicitation: {} } })
    this.#client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({
      action: 'accept', content: { answer: `${params.message} ${name}` }
    }))
    this.#client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      this.heard.push(String(params.data))
      this.#listening()
    })
  }

  static async open (url: URL, name: string, headers: Record<string, string> = {}): Promise<SdkClient> {
    const client = new SdkClient(name)
    await client.#client.connect(new PatientTransport(url, headers, { delay: 500, maxRetries: 60 }))
    return client
  }

  get sessionId (): string {
    return (this.#client.transport as StreamableHTTPClientTransport).sessionId as string
  }

  /** Calls a tool and resolves to its structured content. */
  async call (name: string, args: Record<string, unknown> = {}): Promise<any> {
    const result = await this.#client.callTool({ name, arguments: args }, undefined, { timeout: CALL_TIMEOUT })
    if (result.isError === true) throw new Error(`${name} failed: ${JSON.stringify(result.content)}`)
    return result.structuredContent
  }

  /** Has something announced to itself, and resolves when it came on the standalone stream. */
  async hears (text: string): Promise<void> {
    const arrival = new Promise<void>(resolve => {
      this.#listening = () => { if (this.heard.includes(text)) resolve() }
    })
    await this.call('announce', { text })
    await arrival
  }

  async close (): Promise<void> {
    await this.#client.close()
  }
}
