import t from 'tap'
import { ADA, fleet } from './fixtures/bridge-fleet.js'
import { type Made, v1 } from './fixtures/servers.js'

t.test('a list does not depend on earlier calls', async (t) => {
  const made: Made[] = []
  const createServer = v1({
    stay: () => 'as it was',
    grow: ({ server }) => { server.registerTool('grown', {}, () => ({ content: [] })) }
  }, made)
  const { first } = await fleet(t, { createServer })
  const list = async (): Promise<string[]> => {
    const { result } = await first.call({ method: 'tools/list', principal: ADA })
    return result.tools.map(({ name }: { name: string }) => name)
  }
  t.same(await list(), ['do'])
  await first.do('stay', { principal: ADA })
  t.same(await list(), ['do'])
  t.equal(made.length, 1, 'one server object for all calls')
  await first.do('grow', { principal: ADA })
  t.same(await list(), ['do'])
  t.equal(made.length, 2)
  t.same(made[0]?.disposed, ['dormant'])
})
