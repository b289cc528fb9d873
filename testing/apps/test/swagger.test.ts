import swagger from '@fastify/swagger'
import t from 'tap'
import { start } from './fixtures/start.js'

const plug = { openapi: { info: { title: 'an app', version: '1.0.0' } } }
const options = { admin: { authorize: () => false } }

for (const order of ['before', 'after'] as const) {
  t.test(`@fastify/swagger, registered ${order} the plugin, does not document the endpoint`, async t => {
    const { app } = await start(t, {
      before: async app => { if (order === 'before') await app.register(swagger, plug) },
      options,
      after: async app => {
        if (order === 'after') await app.register(swagger, plug)
        app.get('/theirs', async () => ({}))
      }
    })
    const paths = Object.keys(app.swagger().paths ?? {})
    t.strictSame(paths.filter(path => path.startsWith('/mcp-sessions')).length > 0, order === 'before')
    t.strictSame(paths.filter(path => !path.startsWith('/mcp-sessions')), ['/theirs'])
  })
}
