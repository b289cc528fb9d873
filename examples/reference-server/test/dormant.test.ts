import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { type Connected, connected } from '@holdfast/clients/connected'
import { CROWDED, crowd } from './fixtures/crowded.js'
import { listening } from './fixtures/listening.js'

t.test('sessions beyond the live limit come back with their total, their client and their log level', async t => {
  const url = await listening(t, CROWDED)
  const clients: Connected[] = []
  while (clients.length < 6) clients.push(await connected(t, url, { capabilities: { elicitation: {} } }))
  const heard = clients.map(() => [] as unknown[])
  for (const [index, { client, call }] of clients.entries()) {
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { answer: `I am ${index}` } }))
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => { heard[index]?.push(params.data) })
    await client.setLoggingLevel('warning')
    await call('counter', { by: index })
  }
  for (const round of [1, 2]) {
    for (const [index, { call }] of clients.entries()) {
      t.match(await call('counter', { by: 10 }), { total: index + 10 * round, activated: true })
      t.match(await call('whoami'), { client: { name: 'a-client' }, capabilities: { elicitation: {} } })
      t.match(await call('ask', { question: 'who?' }), { answer: `I am ${index}` })
      await call('announce', { text: 'nobody wanted to hear this' })
    }
  }
  t.strictSame(heard.flat(), [])
})

t.test('requests that arrive together at a dormant session bring it back once', async t => {
  const url = await listening(t, CROWDED)
  const one = await connected(t, url)
  await crowd(t, url)
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await one.call('counter')))
  const totals = answers.map(({ total }) => total).sort((a, b) => a - b)
  t.strictSame(totals, Array.from({ length: 20 }, (_, index) => index + 1))
  t.ok(answers.every(({ activated }) => activated === true))
})
