import {
  CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema
} from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import type { ConnectableServer } from '../dist/index.js'
import { connect } from './fixtures/connect.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

const path = import.meta.resolve('@modelcontextprotocol/server-everything/dist/server/index.js')
const { createServer } = await import(path) as {
  createServer: () => { server: ConnectableServer, cleanup: (sessionId: string) => void }
}

t.test('a server that nobody here wrote runs on the plugin, goes dormant and comes back', async t => {
  let made = 0
  const disposed: string[] = []
  const { url } = await start(t, {
    live: { max: 1 },
    createServer: session => {
      made++
      const { server, cleanup } = createServer()
      return { server, dispose: reason => { disposed.push(reason); cleanup(session.id) } }
    }
  })
  const { client } = await connect(t, url, { roots: {}, sampling: {}, elicitation: { form: {} } }, client => {
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home', name: 'home' }] }))
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'decline' }))
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'm', role: 'assistant', content: { type: 'text', text: 'sampled here' }
    }))
  })
  const text = async (name: string, args: Record<string, unknown> = {}): Promise<string> => {
    const { content } = await client.callTool({ name, arguments: args }) as { content: Array<{ text: string }> }
    return content.map(({ text }) => text).join()
  }
  const tools = new Set<string>()
  for (const round of ['live', 'restored']) {
    const { tools: listed } = await client.listTools()
    for (const { name } of listed) tools.add(name)
    t.equal(tools.size, listed.length, `${round}: the same tools, with those that need capabilities of the client`)
    t.match(await text('echo', { message: round }), `Echo: ${round}`)
    t.match(await text('get-sum', { a: 1, b: 2 }), '3')
    t.match(await text('trigger-sampling-request', { prompt: 'x', maxTokens: 3 }), 'sampled here')
    t.match(await text('trigger-elicitation-request'), /declin/i)
    t.match(await text('get-roots-list'), 'file:///home')
    const progress: number[] = []
    const operation = { name: 'trigger-long-running-operation', arguments: { duration: 0.1, steps: 2 } }
    await client.callTool(operation, undefined, { onprogress: step => progress.push(step.progress) })
    t.strictSame(progress, [1, 2])
    const { resources } = await client.listResources()
    t.ok((await client.readResource({ uri: resources[0]?.uri as string })).contents.length > 0)
    t.ok((await client.listPrompts()).prompts.length > 0)
    await client.setLoggingLevel('error')
    await RawClient.open(url)
  }
  t.ok(made >= 3, 'it was restored')
  t.ok(disposed.every(reason => reason === 'dormant'))
})
