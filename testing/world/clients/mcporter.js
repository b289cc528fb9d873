import { createRuntime } from 'mcporter'
import { contentOf, serveClient } from '../src/serve-client.js'

serveClient({
  cannot: {
    progress: 'It shows the caller no progress.',
    question: 'It answers no questions.',
    hear: 'It hands no notifications to the application.'
  },
  async connect (url) {
    const command = { kind: 'http', url: new URL(url) }
    const runtime = await createRuntime({ servers: [{ name: 'holdfast', command }] })
    await runtime.connect('holdfast')
    return {
      tools: async () => await runtime.listTools('holdfast'),
      call: async (name, args) => contentOf(await runtime.callTool('holdfast', name, { args }))
    }
  }
})
