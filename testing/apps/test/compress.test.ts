import compress from '@fastify/compress'
import t from 'tap'
import { start } from './fixtures/start.js'
import { wholeSession } from './fixtures/whole-session.js'

t.test('@fastify/compress compresses JSON, and leaves event streams as they are', async t => {
  const { url } = await start(t, { before: async app => { await app.register(compress) } })
  const { answers } = await wholeSession(t, url)
  const encodings = (type: string): Array<string | null> => answers.filter(answer => answer.type === type)
    .map(({ headers }) => headers.get('content-encoding'))
  t.ok(encodings('application/json').some(encoding => encoding !== null))
  t.ok(encodings('text/event-stream').length >= 2)
  t.ok(encodings('text/event-stream').every(encoding => encoding === null))
})
