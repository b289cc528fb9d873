import t from 'tap'
import { onPartition, runContract } from '@holdfast/core/contract'
import { harness } from './fixtures/harness.js'

runContract((name, run) => t.test(name, run), harness)

t.test('a partition', async (t) => {
  runContract((name, run) => t.test(name, run), onPartition(harness))
})
