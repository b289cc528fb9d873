import t from 'tap'
import { ADA, BOB, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { accepted, v1 } from './fixtures/servers.js'

const requestedSchema = { type: 'object' as const, properties: { value: { type: 'string' as const } } }

t.test('what a handler says after its result does not reach the next caller of the server object', async (t) => {
  let speak = (): void => {}
  let spoken: Promise<unknown> = Promise.resolve()
  const createServer = v1({
    leave: ({ server: { server } }) => {
      const later = new Promise<void>(resolve => { speak = resolve })
      spoken = later.then(async () => {
        await server.sendLoggingMessage({ level: 'info', data: 'for ada' })
        return await server.elicitInput({ message: 'for ada', requestedSchema }).catch((error: Error) => error.message)
      })
    },
    go: async ({ server: { server } }) => {
      speak()
      t.match(await spoken, /No request of a client runs/)
      await server.sendLoggingMessage({ level: 'info', data: 'for bob' })
      const { content } = await server.elicitInput({ message: 'for bob', requestedSchema })
      return String(content?.value)
    }
  })
  const { first } = await fleet(t, { createServer, per: 'replica' })
  await first.do('leave', { principal: ADA, logLevel: 'info' })
  const go = { name: 'do', arguments: { what: 'go' }, principal: BOB, logLevel: 'info' }
  const call = first.begin(go)
  const asked = await call.outcome as any
  const [[key, question]] = Object.entries(asked.result.inputRequests) as [[string, any]]
  t.match(call.notes, [{ params: { data: 'for bob' } }])
  t.equal(call.notes.length, 1)
  t.equal(question.params.message, 'for bob')
  const answered = await first.call({ ...go, ...retryOf(asked, { [key]: accepted('yes') }) })
  t.equal(answered.result.content[0].text, 'yes')
})

t.test('questions of nobody make room for each other, before those of a principal', async (t) => {
  const createServer = v1({
    ask: async ({ server: { server }, extra: { requestId } }) => {
      const { content } = await server.elicitInput({ message: '?', requestedSchema }, { relatedRequestId: requestId })
      return String(content?.value)
    }
  })
  const { first } = await fleet(t, { createServer, maxLive: 4 })
  const asked = [await first.do('ask', { principal: ADA }), await first.do('ask', { principal: ADA })]
  for (let n = 0; n < 10; n++) t.match(await first.do('ask'), { result: { resultType: 'input_required' } })
  for (const one of asked) {
    const [key] = Object.keys(one.result.inputRequests)
    const answer = { [key as string]: accepted('mine') }
    const answered = await first.do('ask', { principal: ADA, ...retryOf(one, answer) })
    t.equal(answered.result?.content[0].text, 'mine')
  }
})
