import { memory } from '@holdfast/memory'
import t from 'tap'
import { run, toolCall } from './fixtures/modern-call.js'
import { ANN, StateReplica, keys } from './fixtures/state-tools.js'

t.test('inputResponses of a wrong form are refused by a shared server, too', async (t) => {
  const it = await new StateReplica(memory(), keys().codec).start(t)
  const state = await it.begin()
  const retry = async (inputResponses: unknown): Promise<any> => await run(
    it.server, toolCall('pay', { to: 'shop' }, { principal: ANN }, { requestState: state, inputResponses }, 2)
  )
  for (const wrong of [null, 7, 'x', [], { who: 5 }, { who: null }, { who: [] }]) {
    t.match(await retry(wrong), { error: { code: -32602, message: /inputResponses/ } }, JSON.stringify(wrong))
  }
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`key ${index}`, {}]))
  t.match(await retry(many), { error: { code: -32600 }, status: 400 })
  t.equal(it.paid.length, 0)
  t.match(await retry({ who: { action: 'accept' } }), { result: {} })
  t.equal(it.paid.length, 1)
})
