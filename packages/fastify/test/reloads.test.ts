import t from 'tap'
import { type HoldfastOptions, file } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { k1 } from './fixtures/keys.js'
import { Log } from './fixtures/log.js'
import { RawClient } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { type Tools, echo, serving } from './fixtures/tools.js'

const tools: Tools = {
  ...echo,
  count: async ({ session }) => (await session.update(data => { data.total = Number(data.total ?? 0) + 1 })).total
}

async function reloading (t: { teardown: any }, path: string): Promise<Started & { log: Log }> {
  const log = new Log()
  const options: Partial<HoldfastOptions> = { createServer: serving(tools), keys: k1, snapshot: file(path) }
  return { ...await start(t as any, options, { fastify: { logger: log.logger } }), log }
}

/** The message of an export that found the snapshot of another process. */
const MERGED = 'holdfast: another process has written the snapshot; what was new in it was taken over'

t.test('the old process writes after the new one has read: nothing is overwritten, and that is said', async t => {
  const path = `${await folder(t)}/sessions`
  const old = await reloading(t, path)
  const before = await RawClient.open(old.url)
  const young = await reloading(t, path)
  const late = await RawClient.open(old.url)
  t.equal(await late.call('count'), 1)
  const early = await RawClient.open(young.url)
  await old.app.close()
  await young.app.close()
  t.match(young.log.saying(MERGED), [{ audit: 'session_restore', outcome: 'success', restored: 2, level: 40 }])
  const next = await reloading(t, path)
  t.equal(await late.at(next.url).call('count'), 2)
  for (const client of [before, early]) t.equal((await client.at(next.url).start('echo')).status, 200)
})

t.test('through many reloads no session is lost, and none that ended comes back', async t => {
  const path = `${await folder(t)}/sessions`
  const living: Array<{ client: RawClient, total: number }> = []
  const ended: RawClient[] = []
  let old = await reloading(t, path)
  for (let reload = 0; reload < 20; reload++) {
    const young = await reloading(t, path)
    for (const { url } of [old, young]) {
      const client = await RawClient.open(url)
      living.push({ client, total: await client.call('count') as number })
    }
    // What the new process has read is served and ended there, while the old process goes on.
    const [known] = living
    if (reload > 0 && known !== undefined) known.total = await known.client.at(young.url).call('count') as number
    if (reload % 3 === 2) {
      const [gone] = living.splice(0, 1)
      t.equal((await gone?.client.at(young.url).delete())?.status, 200)
      ended.push(gone?.client as RawClient)
    }
    await old.app.close()
    for (const one of living) one.client = one.client.at(young.url)
    // Those that began in the old process after the new one had read come with its next export.
    await young.app.mcpSessions.exportSessionState()
    old = young
  }
  for (const { client, total } of living) t.equal(await client.call('count'), total + 1)
  for (const client of ended) t.equal((await client.at(old.url).start('echo')).status, 404)
})
