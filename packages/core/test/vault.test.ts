import t from 'tap'
import { Availability, BoundCodec, type Codec, JsonFormat, SealedStore, Vault, isObject, plain } from '../dist/index.js'
import { ADA, BOB } from './fixtures/manager.js'
import { Reference } from './fixtures/reference.js'
import { sealing } from './fixtures/sealing.js'

interface Note { text: string, lines: string[] }

const isNote = (value: unknown): value is Note =>
  isObject(value) && typeof value.text === 'string' && Array.isArray(value.lines)

/** Records of a kind that core does not know, in a partition. */
function notes ({ backend = new Reference(), codec = sealing('k1'), maxBytes = 1_000, partition = 'notes' }: {
  backend?: Reference, codec?: Codec, maxBytes?: number, partition?: string
} = {}) {
  const outages: unknown[] = []
  const unreadable: string[] = []
  const availability = new Availability(error => outages.push(error), () => outages.push('up'))
  const store = new SealedStore(backend, partition, 'mcp', new BoundCodec(codec, 'mcp'), availability)
  const vault = new Vault<Note>(store, {
    idle: 60_000,
    absolute: 600_000,
    format: new JsonFormat<Note>({ maxBytes, isValue: isNote, expected: 'a note has text and lines' }),
    onUnreadable: ({ key }) => { unreadable.push(key) }
  })
  const add = async (id: string, principal: typeof ADA | null, note: Note): Promise<string> => {
    const located = vault.locate(id, principal)
    const { body } = vault.format.begin(note, 'note')
    t.equal(await vault.create(
      vault.record(located, await vault.seal(located.key, body)), { maxRecords: 100, maxPerOwner: 10 }
    ), 'created')
    return located.key
  }
  return { backend, vault, add, outages, unreadable }
}

t.test('values of another kind are created, opened, used, changed, listed and revoked', async t => {
  const { backend, vault, add } = notes()
  const key = await add('one', ADA, { text: 'hello', lines: [] })
  const note = await vault.open(key)
  t.strictSame(note?.value, { text: 'hello', lines: [] })
  t.strictSame(
    await note?.change(({ lines, ...rest }) => ({ ...rest, lines: [...lines, 'a'] })), { text: 'hello', lines: ['a'] }
  )
  t.equal(note?.version, 2)
  t.equal(await vault.touch(note!), true)
  t.strictSame((await vault.open(key))?.value, { text: 'hello', lines: ['a'] })
  t.equal(await vault.count(vault.locate('x', ADA).owner), 1)
  const pages = []
  for await (const page of vault.pages({ limit: 10 })) {
    pages.push(...await Promise.all(page.map(async record => await vault.value(record))))
  }
  t.strictSame(pages, [{ text: 'hello', lines: ['a'] }])
  const heads = []
  for await (const page of vault.headPages({ limit: 10 })) heads.push(...page)
  t.match(heads, [{ key, version: 2, body: undefined }])
  t.match(await vault.revoke(key), { key, version: 2 })
  t.equal(await vault.revoke(key), undefined)
  t.equal(await vault.touch(note!), false)
  t.equal(backend.stored.size, 0, 'the backend itself never had it')
})

t.test('fifty changes by two processes at once are all there', async t => {
  const backend = new Reference()
  const [one, two] = [notes({ backend }), notes({ backend })]
  const key = await one.add('one', null, { text: '', lines: [] })
  const [here, there] = [await one.vault.open(key), await two.vault.open(key)]
  await Promise.all(Array.from(
    { length: 50 },
    async (_, i) => await (i % 2 ? here : there)?.change(({ text, lines }) => ({ text, lines: [...lines, `${i}`] }))
  ))
  t.equal((await one.vault.open(key))?.value.lines.length, 50)
})

t.test('equal ids of two kinds, and of two owners, have keys of their own', async t => {
  const [notesOf, tasks] = [notes(), notes({ partition: 'tasks' })]
  const keys = [notesOf, tasks].flatMap(
    ({ vault }) => [ADA, BOB, null].map(principal => vault.locate('id', principal).key)
  )
  t.equal(new Set(keys).size, 6)
  t.equal(notesOf.vault.locate('id', ADA).owner, tasks.vault.locate('id', ADA).owner, 'an owner is the same in all')
})

t.test('a body opens as its kind, at its key and in its namespace only', async t => {
  const backend = new Reference()
  const { vault, add, unreadable } = notes({ backend })
  const key = await add('one', ADA, { text: 'secret', lines: [] })
  const { body } = await vault.read(key) as { body: Uint8Array }
  t.notMatch(Buffer.from(body).toString('latin1'), /secret/)
  const tasks = notes({ backend, partition: 'tasks' })
  const located = vault.locate('one', ADA)
  await tasks.vault.create(vault.record(located, body), { maxRecords: 100, maxPerOwner: 10 })
  await t.rejects(tasks.vault.open(key), { code: 'HOLDFAST_INVALID_STATE' })
  t.strictSame(tasks.unreadable, [key])
  t.strictSame(unreadable, [])
})

t.test('what is no such value is refused where it comes in, and reported where it is found', async t => {
  const { vault, add, unreadable } = notes({ codec: plain })
  t.throws(
    () => vault.format.begin({ text: 1 } as unknown as Note, 'note'), { code: 'HOLDFAST_INVALID_OPTION', path: 'note' }
  )
  t.throws(
    () => vault.format.begin({ text: 'x'.repeat(1_000), lines: [] }, 'note'), { code: 'HOLDFAST_STATE_TOO_LARGE' }
  )
  const key = await add('one', null, { text: '', lines: [] })
  const note = (await vault.open(key))!
  await t.rejects(
    note.change(() => ({ text: 'no lines' }) as unknown as Note), { code: 'HOLDFAST_INVALID_OPTION', path: 'update' }
  )
  await t.rejects(note.change(value => ({ ...value, text: 'x'.repeat(1_000) })), { code: 'HOLDFAST_STATE_TOO_LARGE' })
  await vault.replace(key, 1, Buffer.from('{"text":1}'))
  await t.rejects(vault.open(key), { code: 'HOLDFAST_INVALID_STATE' })
  t.strictSame(unreadable, [key])
})

t.test('nobody has to be told of what cannot be opened', async t => {
  const { vault, add } = notes()
  const key = await add('one', null, { text: '', lines: [] })
  await vault.replace(key, 1, Buffer.from('damaged'))
  const quiet = new Vault<Note>(vault, { idle: 1, absolute: 1, format: vault.format })
  await t.rejects(quiet.open(key), { code: 'HOLDFAST_INVALID_STATE' })
})

t.test('an outage is told once, and is never a miss', async t => {
  const backend = new Reference()
  const { vault, outages } = notes({ backend })
  const { records } = backend.partition('notes')
  const { read, touch } = records
  records.read = records.touch = async () => { throw new Error('down') }
  await t.rejects(vault.read('tag.key'), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  await t.rejects(vault.open('tag.key'), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
  Object.assign(records, { read, touch })
  t.equal(await vault.open('tag.key'), undefined)
  t.match(outages, [{ message: 'down' }, 'up'])
  t.equal(outages.length, 2)
})
