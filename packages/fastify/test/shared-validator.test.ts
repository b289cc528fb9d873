import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import t from 'tap'
import { SharedValidator, sharedValidator } from '../dist/shared-validator.js'

function counting (): { validator: SharedValidator, compiled: () => number } {
  let compiled = 0
  const validator = new SharedValidator(() => ({
    getValidator (schema) {
      compiled++
      return new AjvJsonSchemaValidator().getValidator(schema)
    }
  }))
  return { validator, compiled: () => compiled }
}

t.test('equal schemas are compiled once', async t => {
  const { validator, compiled } = counting()
  for (let n = 0; n < 10; n++) {
    const validate = validator.getValidator({ type: 'object', properties: { a: { type: 'string' } } })
    t.match(validate({ a: 'x' }), { valid: true })
  }
  t.equal(compiled(), 1)
})

t.test('an $id of one schema means nothing to another', async t => {
  const validator = await sharedValidator()
  const schemaOf = (type: 'string' | 'number') =>
    ({ $id: 'https://example.com/s', type: 'object' as const, properties: { a: { type } } })
  const one = validator.getValidator(schemaOf('string'))
  const two = validator.getValidator(schemaOf('number'))
  t.match(one({ a: 'x' }), { valid: true })
  t.match(one({ a: 1 }), { valid: false })
  t.match(two({ a: 1 }), { valid: true })
  t.match(two({ a: 'x' }), { valid: false })
})

t.test('as many as clients care to send take no more room than 256, and the used ones stay', async t => {
  const { validator, compiled } = counting()
  const used = { type: 'object' as const, title: 'used' }
  validator.getValidator(used)
  for (let n = 0; n < 1000; n++) {
    validator.getValidator({ type: 'object', title: String(n) })
    validator.getValidator(used)
  }
  t.equal(compiled(), 1001)
  validator.getValidator({ type: 'object', title: '0' })
  t.equal(compiled(), 1002, 'the longest unused was let go')
})
