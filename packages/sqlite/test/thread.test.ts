import t from 'tap'
import { inThread } from '../dist/thread.js'

t.test('a full disk is told as such, also by a thread', async (t) => {
  await t.rejects(inThread('../dist-test/fixtures/full-thread.js', {}), { code: 'HOLDFAST_BACKEND_FULL' })
})
