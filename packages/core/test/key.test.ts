import t from 'tap'
import { isSessionId, keyLabel, mintSessionId, ownerDigest, ownerTag, recordKey } from '../dist/index.js'

t.test('a minted id is 43 characters that MCP allows, and never the same', async (t) => {
  const ids = Array.from({ length: 1_000 }, mintSessionId)
  t.equal(new Set(ids).size, ids.length)
  for (const id of ids) {
    t.match(id, /^[\w-]{43}$/)
    t.ok(isSessionId(id))
  }
})

t.test('what cannot be a session id is told apart before anything is asked', async (t) => {
  for (const id of ['!', '~', 'a'.repeat(256)]) t.ok(isSessionId(id), id)
  for (const id of [
    '', ' ', 'a b', 'a\n', 'a\r\nSet-Cookie: x', '\x7f', '\0', 'é', '\ud800', 'a'.repeat(257), undefined, null, 1,
    ['a'], {}
  ]) {
    t.notOk(isSessionId(id), JSON.stringify(id))
  }
})

t.test('a key is a tag and a digest, and says nothing of the id', async (t) => {
  const id = mintSessionId()
  const owner = ownerDigest('mcp', { subject: 'ada' })
  for (const key of [recordKey('mcp', owner, id), recordKey('mcp', '', id)]) {
    t.match(key, /^[\w-]{12}\.[\w-]{43}$/)
    t.notOk(key.includes(id.slice(0, 8)))
    t.equal(recordKey('mcp', key.startsWith(ownerTag(owner)) ? owner : '', id), key)
  }
})

t.test('all keys of an owner begin with one tag; without an owner each has its own', async (t) => {
  const owner = ownerDigest('mcp', { subject: 'ada' })
  const tags = (owner: string) =>
    new Set(Array.from({ length: 20 }, () => recordKey('mcp', owner, mintSessionId()).split('.')[0]))
  t.strictSame([...tags(owner)], [ownerTag(owner)])
  t.equal(tags('').size, 20)
})

t.test('namespace, owner and id cannot run into each other', async (t) => {
  const keys = [
    recordKey('ab', '', 'c'),
    recordKey('a', '', 'bc'),
    recordKey('a', 'b', 'c'),
    recordKey('a', '', '1:bc'),
    recordKey('a1:b', '', 'c'),
    recordKey('a', '0:', 'bc'),
    recordKey('a', '', 'bc0:'),
    recordKey('', 'a', 'bc'),
    recordKey('a', 'bc', '')
  ]
  t.equal(new Set(keys.map(key => key.split('.')[1])).size, keys.length)
  t.not(ownerDigest('a', { subject: 'bc' }), ownerDigest('ab', { subject: 'c' }))
})

t.test('an id and an owner of one namespace mean nothing in another', async (t) => {
  const id = mintSessionId()
  t.not(recordKey('one', '', id), recordKey('two', '', id))
  t.not(ownerDigest('one', { subject: 'ada' }), ownerDigest('two', { subject: 'ada' }))
})

t.test('nobody is the empty owner in every namespace', async (t) => {
  t.equal(ownerDigest('one', null), '')
  t.equal(ownerDigest('two', null), '')
  t.match(ownerDigest('one', { subject: 'nobody' }), /^[\w-]{43}$/)
})

t.test('a label is eight characters of the digest, and not of the tag that all of an owner share', async (t) => {
  t.equal(keyLabel('tagtagtagtag.0123456789'), '01234567')
  const owner = ownerDigest('mcp', { subject: 'ada' })
  t.not(keyLabel(recordKey('mcp', owner, 'one')), keyLabel(recordKey('mcp', owner, 'two')))
})
