import t from 'tap'
import { ClientCounter } from '../dist/eras/client-counter.js'
import { claimOf, clientNameOf, spokenBy } from '../dist/eras/spoken.js'

const KEY = 'io.modelcontextprotocol/protocolVersion'
const session = (name: unknown, protocolVersion: string): any =>
  ({ state: { client: { name }, handshake: { protocolVersion } } })

t.test('revisions that nobody serves are one, and names that are no text are none', async t => {
  const counter = new ClientCounter()
  for (const version of ['', '1999-01-01', '1999-01-02']) counter.session(session(7, version))
  counter.session(session('a', '2025-11-25'))
  counter.modern({ version: '2026-07-28', capabilities: {} })
  t.equal(counter.refused('a', { era: 'modern', version: 'other' }), true)
  t.equal(counter.refused('a', { era: 'modern', version: 'other' }), false)
  t.strictSame(counter.counts().clients, [
    { name: '', era: 'sessions', version: 'other', requests: 3, refused: 0 },
    { name: '', era: 'modern', version: '2026-07-28', requests: 1, refused: 0 },
    { name: 'a', era: 'sessions', version: '2025-11-25', requests: 1, refused: 0 },
    { name: 'a', era: 'modern', version: 'other', requests: 2, refused: 2 }
  ])
})

t.test('what a request says of its revision', async t => {
  const of = (headers: object, body?: unknown): any => claimOf({ headers, body } as any)?.version
  const meta = (version: unknown): object => ({ params: { _meta: { [KEY]: version } } })
  t.equal(of({ 'mcp-protocol-version': '2026-07-28' }), '2026-07-28')
  t.equal(of({}, meta('2026-07-28')), '2026-07-28')
  t.equal(of({}, meta('2031-01-01')), 'other')
  t.equal(of({ 'mcp-protocol-version': '2025-11-25' }, meta('2025-11-25')), undefined)
  for (const body of [undefined, null, [], 'x', {}, { params: 7 }, { params: { _meta: [] } }, meta(7), meta(null)]) {
    t.equal(of({}, body), undefined)
    t.equal(clientNameOf(body), undefined)
  }
  t.equal(clientNameOf({ params: { _meta: { 'io.modelcontextprotocol/clientInfo': { name: 'a' } } } }), 'a')
  t.strictSame(spokenBy({ mcpSession: session('a', ''), headers: {} } as any), { era: 'sessions', version: 'other' })
})
