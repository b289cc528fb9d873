import t from 'tap'
import { behindSentinels } from '../dist/sentinels.js'

t.test('user, password, database and TLS of the first URL are those of the servers', async (t) => {
  t.strictSame(behindSentinels(['rediss://me:p%2Cw@one/2', 'redis://two:1', 'redis://[::1]'], 'main'), {
    sentinels: [{ host: 'one', port: 26_379 }, { host: 'two', port: 1 }, { host: '::1', port: 26_379 }],
    name: 'main',
    username: 'me',
    password: 'p,w',
    tls: {},
    db: 2
  })
})

t.test('without them, the servers need none', async (t) => {
  t.strictSame(behindSentinels(['redis://one:5000'], 'main'), {
    sentinels: [{ host: 'one', port: 5_000 }], name: 'main'
  })
})
