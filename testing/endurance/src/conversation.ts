import { request } from 'node:http'
import { KEPT, send } from '@holdfast/clients/send'

/**
 * Calls the tool `ask`, answers the question that comes on its stream with a request of its own, and resolves to the
 * answer that the tool got.
 *
 * @param id of the call: JSON-RPC ids are each client's own, so others may use the same at the same time
 * @param place where the next request goes
 */
export async function conversation (
  place: () => URL, session: Record<string, string>, id: number, question: string, answer: string
): Promise<string> {
  const params = { name: 'ask', arguments: { question } }
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...session }
  return await new Promise((resolve, reject) => {
    const sent = request(place(), { method: 'POST', agent: KEPT, headers }, response => {
      let rest = ''
      const take = (message: any): void => {
        if (message.method === 'elicitation/create') {
          const asked = message.params.message
          if (asked !== question) reject(new Error(`asked "${asked}" instead of "${question}"`))
          const reply = { jsonrpc: '2.0', id: message.id, result: { action: 'accept', content: { answer } } }
          send(place(), { message: reply, headers: session }).then(({ status, text }) => {
            if (status !== 202) reject(new Error(`an answer was answered ${status}: ${text}`))
          }, reject)
        } else if (message.id !== id) reject(new Error(`the call ${id} got what belongs to ${message.id}`))
        else {
          const given = message.result?.structuredContent?.answer
          if (typeof given === 'string') resolve(given)
          else reject(new Error(`the call was answered ${JSON.stringify(message)}`))
        }
      }
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() as string
        for (const block of blocks) {
          const data = /^data: (.+)$/m.exec(block)?.[1]
          if (data !== undefined) take(JSON.parse(data))
        }
      }).on('error', reject).on('end', () => {
        reject(new Error(`the stream ended without an answer: ${response.statusCode} ${rest}`))
      })
    })
    sent.on('error', reject).end(body)
  })
}
