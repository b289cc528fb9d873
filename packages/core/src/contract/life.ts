import assert from 'node:assert/strict'
import { group } from './group.js'

export const life = group('life', {
  'says whether it is shared and durable': async ({ backend }) => {
    assert.equal(typeof backend.shared, 'boolean')
    assert.equal(typeof backend.durable, 'boolean')
  },

  'a shared backend is tried with two connections': async ({ backend, harness }) => {
    assert.ok(!backend.shared || harness.offers.includes('second'), 'it says that it is shared')
  },

  'a durable backend is opened again': async ({ backend, harness }) => {
    assert.ok(!backend.durable || harness.offers.includes('reopen'), 'it says that it is durable')
  },

  'ping resolves': async ({ backend }) => {
    assert.equal(await backend.ping(), undefined)
  },

  'closing twice is harmless': async ({ backend }) => {
    await backend.close()
    await backend.close()
  }
})
