import t from 'tap'
import { redis } from '../dist/index.js'
import { bytes, create, text } from './fixtures/given.js'
import { replicated } from '@holdfast/real-redis'

t.test('with replicated: 1 a write resolves when the replica has it, and rejects otherwise', async (t) => {
  const { master, replica, stop } = await replicated()
  const options = { onWarning: () => {}, replicated: 1, commandTimeout: 2000 }
  const backend = redis({ url: master.url, ...options })
  const reader = redis({ url: replica.url, ...options })
  t.teardown(async () => {
    await Promise.all([backend.close(), reader.close()])
    await stop()
  })
  const key = await create(backend.records, { body: bytes('first') })
  t.equal(text((await reader.records.read(key))?.body), 'first')
  t.equal(await backend.records.replace(key, 1, bytes('second')), 2)
  t.equal(text((await reader.records.read(key))?.body), 'second')
  await t.rejects(reader.records.touch(key, 1), { code: 'REDIS_READONLY' })
  replica.signal('SIGSTOP')
  await t.rejects(backend.records.replace(key, 2, bytes('third')), { code: 'REDIS_UNREPLICATED' })
  t.equal(await backend.records.touch(key, 3), 'current', 'it may last all the same, and what is only read goes on')
  replica.signal('SIGCONT')
})
