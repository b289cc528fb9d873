import jwt from '@fastify/jwt'
import { call, initialize, open, post } from '@holdfast/clients/by-hand'
import t from 'tap'
import { type Plug, start } from './fixtures/start.js'
import { wholeSession } from './fixtures/whole-session.js'

for (const order of ['before', 'after'] as const) {
  t.test(`@fastify/jwt, registered ${order} the plugin, decides who has a session`, async t => {
    const { app, url } = await start(t, {
      [order]: (async app => {
        await app.register(jwt, { secret: 'a secret of a test' })
        app.addHook('onRequest', async request => { await request.jwtVerify() })
      }) satisfies Plug,
      options: { principal: ({ user }) => ({ subject: (user as { sub: string }).sub }) }
    })
    const bearer = (sub: string): Record<string, string> => ({ authorization: `Bearer ${app.jwt.sign({ sub })}` })
    await wholeSession(t, url, bearer('ada'))

    const nobody = await post(url, initialize())
    t.equal(nobody.status, 401)
    t.match(await nobody.json(), { jsonrpc: '2.0', error: {} })
    const forged = await post(url, initialize(), { authorization: 'Bearer a.b.c' })
    t.equal(forged.status, 401)
    await forged.text()
    t.equal(await app.mcpSessions.count(), 0, 'who is refused begins nothing')

    const adas = await open(url, bearer('ada'))
    const mine = await post(url, call('whoami'), adas)
    t.equal(mine.status, 200)
    await mine.text()
    const theirs = await post(url, call('whoami'), { ...adas, ...bearer('bob') })
    t.equal(theirs.status, 404)
    t.notMatch(await theirs.text(), 'server')
  })
}
