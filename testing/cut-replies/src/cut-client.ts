import { call, initialize } from '@holdfast/clients/by-hand'

/** No answer takes longer, however often its connection is cut. Milliseconds. */
export const PATIENCE = 10_000

export interface CutResult {
  cuts: number
  asked: number
  failed: number
  increments: number
  /** Sessions that were opened and not ended. */
  opened: number
  /** Whatever must not be. */
  wrong: string[]
}

interface Total {
  /** Of the last answer. */
  last: number
  /** Increments since then that were answered with an error: they may have counted. */
  unclear: number
}

/** Knows what every answer must be, whatever was cut. */
export class CutClient {
  readonly totals = new Map<string, Total>()
  readonly #wrong: string[] = []
  #ids = 0
  #failed = 0
  #increments = 0
  #ended = 0
  #said = 0

  /** @param kept the first sessions, which it never ends */
  constructor (private readonly url: URL, private readonly kept: number) {}

  async open (): Promise<void> {
    const response = await this.#ask(initialize())
    const session = response?.headers.get('mcp-session-id')
    if (session) this.totals.set(session, { last: 0, unclear: 0 })
  }

  async count (session: string): Promise<void> {
    const total = this.totals.get(session) as Total
    const response = await this.#ask(call('counter'), session)
    const found = response?.body.result.structuredContent.total
    if (found === undefined) {
      total.unclear++
      return
    }
    this.#increments++
    if (found <= total.last || found > total.last + total.unclear + 1) {
      this.#wrong.push(`a total of ${found} after ${total.last}, with ${total.unclear} unclear`)
    }
    this.totals.set(session, { last: found, unclear: 0 })
  }

  async announce (session: string): Promise<void> {
    await this.#ask(call('announce', { text: `said ${++this.#said}` }), session)
  }

  async listen (session: string): Promise<void> {
    await this.#request(session, 'GET')
  }

  /** Ends a session that nobody else uses. */
  async end (): Promise<void> {
    const session = [...this.totals.keys()][this.kept]
    if (session === undefined) return await this.open()
    this.totals.delete(session)
    const { status } = await this.#request(session, 'DELETE')
    if (status === 200) this.#ended++
    else if (status === 503) this.#failed++
    else this.#wrong.push(`an end was answered ${status}`)
  }

  /** Everything that was said is in the stream once. */
  async check (session: string): Promise<void> {
    const abort = new AbortController()
    const response = await fetch(this.url, {
      headers: { accept: 'text/event-stream', 'mcp-session-id': session, 'last-event-id': 'standalone.0' },
      signal: abort.signal
    })
    let text = ''
    const decoder = new TextDecoder()
    const last = `said ${this.#said + 1}`
    await this.announce(session)
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk)
      if (text.includes(`"${last}"`)) break
    }
    abort.abort()
    const said = [...text.matchAll(/"data":"(said \d+)"/g)].map(([, one]) => one)
    if (new Set(said).size !== said.length) this.#wrong.push('something was said twice')
    if (said.length < this.#said - this.#failed) {
      this.#wrong.push(`of ${this.#said} announcements ${said.length} are in the stream`)
    }
    const positions = [...text.matchAll(/^id: standalone\.(\d+)\ndata: ./gm)].map(([, position]) => Number(position))
    if (positions.some((position, i) => position !== i + 1)) {
      this.#wrong.push(`positions with gaps: ${positions.join()}`)
    }
    for (const session of this.totals.keys()) await this.count(session)
  }

  result (cuts: number): CutResult {
    return {
      cuts,
      asked: this.#ids,
      failed: this.#failed,
      increments: this.#increments,
      opened: this.totals.size,
      wrong: this.#wrong
    }
  }

  /** Undefined where the answer is an error. */
  async #ask (message: object, session?: string): Promise<{ headers: Headers, body: any } | undefined> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...session !== undefined && { 'mcp-session-id': session }
      },
      body: JSON.stringify({ ...message, id: ++this.#ids }),
      signal: AbortSignal.timeout(PATIENCE)
    })
    const text = await response.text()
    const body = JSON.parse(text.startsWith('{') ? text : /^data: (\{.*"result".*)$/m.exec(text)?.[1] ?? 'null')
    if (response.status === 200 && body?.result?.isError !== true && body !== null) {
      return { headers: response.headers, body }
    }
    this.#failed++
    if (response.status !== 503 && body?.result?.isError !== true) this.#wrong.push(`${response.status}: ${text}`)
    return undefined
  }

  async #request (session: string, method: string): Promise<Response> {
    this.#ids++
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(PATIENCE)])
    const response = await fetch(this.url, {
      method, headers: { accept: 'text/event-stream', 'mcp-session-id': session }, signal
    })
    if (method === 'GET' && response.status !== 200 && response.status !== 503) {
      this.#wrong.push(`GET: ${response.status}`)
    }
    abort.abort()
    return response
  }
}
