import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { generateKey } from '@holdfast/envelope'
import { RedisServer } from '@holdfast/real-redis'
import type { Asked } from './fixtures/fake-call.js'
import { retryOf } from './fixtures/bridge-fleet.js'
import { accepted, text } from './fixtures/servers.js'

const HEARTBEAT = 400

/** One process of a fleet on Redis. */
class Process {
  readonly #waiting = new Map<number, (outcome: any) => void>()
  #count = 0

  private constructor (readonly child: ChildProcess) {
    child.setMaxListeners(0)
    child.on('message', ({ id, outcome }: any) => this.#waiting.get(id)?.(outcome))
  }

  static async start (url: string, keys: string): Promise<Process> {
    const child = fork(new URL('fixtures/redis-process.js', import.meta.url), [url, keys, String(HEARTBEAT)])
    await once(child, 'message')
    return new Process(child)
  }

  async do (what: string, asked: Asked = {}): Promise<any> {
    const id = ++this.#count
    const outcome = new Promise<any>(resolve => { this.#waiting.set(id, resolve) })
    this.child.send({ id, asked: { name: 'do', arguments: { what }, ...asked } })
    return await outcome
  }

  async kill (): Promise<void> {
    this.child.kill('SIGKILL')
    await once(this.child, 'exit')
  }
}

t.test('processes on Redis, one of which is killed', async (t) => {
  const server = await RedisServer.start(['--appendonly', 'no'])
  t.teardown(async () => { await server.stop() })
  const keys = generateKey('k1')
  const [a, b] = await Promise.all([Process.start(server.url, keys), Process.start(server.url, keys)])
  t.teardown(async () => { await b.kill() })

  const asked = await a.do('one')
  const mine = retryOf(asked, { who: accepted('me') })
  t.equal(text(await b.do('one', mine)), 'me', 'answered by way of another process')
  t.equal(text(await a.do('one', mine)), 'me')

  await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const nonce = `nonce ${index}`
    const call = { arguments: { what: 'nonce', nonce } }
    const question = await (index % 2 === 0 ? a : b).do('nonce', call)
    const done = await (index % 3 === 0 ? a : b).do('nonce', { ...call, ...retryOf(question, { who: accepted('x') }) })
    t.equal(text(done), JSON.stringify(nonce))
  }))

  const parked = await a.do('one')
  const stuck = await a.do('stuck')
  const waiting = b.do('stuck', retryOf(stuck, { who: accepted('me') }))
  // It is answered when the other process has taken the answer.
  await a.do('one')
  const killed = performance.now()
  await a.kill()
  const ended = { error: { code: -32603, message: 'The process that ran this call has ended; call again' } }
  t.match(await waiting, ended)
  t.ok(performance.now() - killed < 2 * HEARTBEAT + 1_000, 'soon after two heartbeats at the latest')
  t.match(await b.do('one', retryOf(parked, { who: accepted('me') })), ended)
  t.equal(text(await b.do('one', mine)), 'me', 'what had ended is still answered')
})
