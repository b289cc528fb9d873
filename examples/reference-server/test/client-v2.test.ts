import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import t from 'tap'
import { CROWDED, crowd } from './fixtures/crowded.js'
import { listening } from './fixtures/listening.js'

for (const [mode, settings] of [['legacy', {}], ['auto', { HOLDFAST_MODERN: 'refuse' }]] as const) {
  t.test(`a client of SDK v2 (version negotiation: ${mode}) is served like one of v1`, async t => {
    const url = await listening(t, { ...CROWDED, ...settings })
    const client = new Client({ name: 'client-v2', version: '2.0.0' }, {
      capabilities: { elicitation: { form: {} } },
      versionNegotiation: { mode }
    })
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { answer: 'two' } }))
    const announced = new Promise<unknown>(resolve => {
      client.setNotificationHandler('notifications/message', ({ params }) => resolve(params.data))
    })
    t.teardown(async () => { await client.close() })
    await client.connect(new StreamableHTTPClientTransport(url))
    t.equal(client.getNegotiatedProtocolVersion(), '2025-11-25')

    const call = async (name: string, args: Record<string, unknown> = {}): Promise<any> =>
      (await client.callTool({ name, arguments: args })).structuredContent
    t.match(await call('counter', { by: 7 }), { total: 7, activated: false })

    const seen: number[] = []
    await client.callTool({ name: 'countdown', arguments: { steps: 3, intervalMs: 10 } }, {
      onprogress: ({ progress }) => seen.push(progress)
    })
    t.strictSame(seen, [1, 2, 3])

    await crowd(t, url)
    t.match(await call('counter'), { total: 8, activated: true })
    t.strictSame(await call('whoami'), {
      client: { name: 'client-v2', version: '2.0.0' },
      capabilities: { elicitation: { form: {} } },
      protocolVersion: '2025-11-25',
      principal: null
    })
    t.strictSame(await call('ask', { question: 'one or two?' }), { action: 'accept', answer: 'two' })
    await call('announce', { text: 'heard' })
    t.equal(await announced, 'heard')
  })
}

for (const mode of ['auto', { pin: '2026-07-28' }] as const) {
  t.test(`a client of SDK v2 (version negotiation: ${JSON.stringify(mode)}) needs no session`, async t => {
    const url = await listening(t, CROWDED)
    const client = new Client({ name: 'client-v2', version: '2.0.0' }, {
      capabilities: { elicitation: { form: {} } },
      versionNegotiation: { mode }
    })
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { answer: 'two' } }))
    t.teardown(async () => { await client.close() })
    await client.connect(new StreamableHTTPClientTransport(url))
    t.equal(client.getNegotiatedProtocolVersion(), '2026-07-28')
    const call = async (name: string, args: Record<string, unknown> = {}): Promise<any> =>
      await client.callTool({ name, arguments: args })
    t.match(await call('whoami'), {
      structuredContent: { client: { name: 'client-v2' }, protocolVersion: '2026-07-28', principal: null }
    })
    const { structuredContent } = await call('ask', { question: 'one or two?' })
    t.strictSame(structuredContent, { action: 'accept', answer: 'two' })
    const seen: number[] = []
    await client.callTool({ name: 'countdown', arguments: { steps: 3, intervalMs: 10 } }, {
      onprogress: ({ progress }) => seen.push(progress)
    })
    t.strictSame(seen, [1, 2, 3])
    t.match(await call('counter'), { isError: true, content: [{ text: /has no session/ }] })
  })
}
