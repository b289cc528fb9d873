import t from 'tap'
import { BoundCodec, type Codec, type Place, plain } from '../dist/index.js'
import { ADA, manager } from './fixtures/manager.js'

const bytes = Buffer.from('content')

t.test('plain leaves everything as it is', async (t) => {
  const place: Place = { namespace: 'mcp', kind: 'session', key: 'tag.key' }
  t.equal(plain.seal(bytes, place), bytes)
  t.equal(plain.open(bytes, place), bytes)
})

t.test('a bound codec says where each body belongs', async (t) => {
  const places: Place[] = []
  const codec: Codec = {
    seal: (plaintext, place) => { places.push(place); return plaintext },
    open: async (sealed, place) => { places.push(place); return sealed }
  }
  const bound = new BoundCodec(codec, 'mcp')
  t.equal(bound.exposes, undefined)
  t.equal(new BoundCodec(plain, 'mcp').exposes, 'memory')
  t.equal(bound.seal('event', 'tag.key', bytes), bytes)
  t.equal(await bound.open('message', '', bytes), bytes)
  t.strictSame(places, [
    { namespace: 'mcp', kind: 'event', key: 'tag.key' },
    { namespace: 'mcp', kind: 'message', key: '' }
  ])
})

/** Binds a body to its place and turns every byte over: enough to see who seals what. */
const turned: Codec = {
  seal: async (plaintext, { namespace, kind, key }) =>
    Buffer.concat([Buffer.from(`${namespace}/${kind}/${key}/`), plaintext.map(byte => byte ^ 255)]),
  open: async (sealed, { namespace, kind, key }) => {
    const place = Buffer.from(`${namespace}/${kind}/${key}/`)
    if (!place.equals(sealed.subarray(0, place.length))) throw new Error('sealed for another place')
    return sealed.subarray(place.length).map(byte => byte ^ 255)
  }
}

t.test('with a codec no content reaches the backend, neither in records nor in messages', async (t) => {
  const { backend, sessions } = manager({ codec: turned })
  const messages: string[] = []
  backend.listeners.push({
    channel: 'mcp:fleet',
    listener: message => { messages.push(Buffer.from(message).toString('latin1')) }
  })
  const session = await sessions.create({ principal: ADA, context: { apiKey: 'hush' } })
  await session.update(data => { data.note = 'hush' })
  const stored = Buffer.from(backend.stored.get(session.key)?.body ?? []).toString('latin1')
  t.ok(stored.startsWith(`mcp/session/${session.key}/`))
  t.notMatch(stored, /hush|ada/)
  t.strictSame((await sessions.open(session.id, ADA))?.data, { note: 'hush' })
  await sessions.terminate({ id: session.id, principal: ADA })
  t.equal(messages.length, 1)
  t.notMatch(messages[0], /gone|terminated/)
})

t.test('a body that was moved to another record does not open', async (t) => {
  const { backend, sessions, heard } = manager({ codec: turned })
  const [mine, other] = [await sessions.create({ principal: ADA }), await sessions.create({ principal: ADA })]
  Object.assign(backend.stored.get(mine.key) as object, { body: backend.stored.get(other.key)?.body })
  const wrong = { code: 'HOLDFAST_INVALID_STATE', cause: { message: 'sealed for another place' } }
  await t.rejects(sessions.open(mine.id, ADA), wrong)
  t.match(heard.at(-1), { event: 'unreadable', key: mine.key, error: wrong })
  t.ok(backend.stored.has(mine.key), 'it is kept')
})

t.test('when sealing fails, nothing is stored and the caller hears why', async (t) => {
  const { backend, sessions } = manager({ codec: { ...plain, seal: () => { throw new Error('no key') } } })
  await t.rejects(sessions.create(), { message: 'no key' })
  t.equal(backend.stored.size, 0)
})
