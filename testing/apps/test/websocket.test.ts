import { once } from 'node:events'
import websocket from '@fastify/websocket'
import t from 'tap'
import { WebSocket } from 'ws'
import { type Plug, start } from './fixtures/start.js'
import { wholeSession } from './fixtures/whole-session.js'

for (const order of ['before', 'after'] as const) {
  t.test(`a socket of @fastify/websocket, registered ${order} the plugin, works beside a session`, async t => {
    const { app, url } = await start(t, {
      [order]: (async app => {
        await app.register(websocket)
        await app.register(async scope => {
          scope.get('/socket', { websocket: true }, socket => {
            socket.on('message', data => { socket.send(`${String(data)}!`) })
          })
        })
      }) satisfies Plug
    })
    const client = new WebSocket(`ws://${url.host}/socket`)
    await once(client, 'open')
    const echo = async (text: string): Promise<string> => {
      client.send(text)
      return String((await once(client, 'message'))[0])
    }
    t.equal(await echo('before'), 'before!')
    await wholeSession(t, url)
    t.equal(await echo('after'), 'after!')
    const closed = once(client, 'close')
    await app.close()
    await closed
  })
}
