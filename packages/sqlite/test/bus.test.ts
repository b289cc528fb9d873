import { once } from 'node:events'
import { chownSync, existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { SqliteBus } from '../dist/bus.js'
import { Connection } from '../dist/connection.js'
import { findDriver } from '../dist/driver.js'
import { Durability } from '../dist/durability.js'
import { FrameReader, toFrame } from '../dist/frames.js'
import { Mailbox, nameFor, socketOf } from '../dist/mailbox.js'
import { readOptions } from '../dist/options.js'
import { Peers } from '../dist/peers.js'
import { Turns } from '../dist/turns.js'
import { makeFolder } from './fixtures/folder.js'
import { open, place } from './fixtures/given.js'
import { OtherProcess } from './fixtures/remote.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function sql (path: string, text: string): unknown[] {
  const handle = new (findDriver().DatabaseSync)(path)
  try {
    return handle.prepare(text).all()
  } finally {
    handle.close()
  }
}

t.test('a process that was killed is forgotten, and does not count', async (t) => {
  const { folder, path } = place(t)
  const backend = open(t, { path })
  const other = new OtherProcess()
  const { backend: second } = await other.open({ path })
  await second.bus.subscribe('channel', () => {})
  t.equal(await backend.bus.publish('channel', bytes('a')), 1)
  const ended = once(other.child, 'exit')
  other.child.kill('SIGKILL')
  await ended
  for (let count = 1; count > 0;) count = await backend.bus.publish('channel', bytes('b'))
  t.equal(await backend.bus.publish('channel', bytes('c')), 0)
  t.strictSame(sql(path, 'SELECT * FROM listeners'), [])
  t.strictSame(readdirSync(folder).filter((name) => name.startsWith('holdfast-')), [])
})

t.test('a process that begins forgets those that were killed', async (t) => {
  const { folder, path } = place(t)
  const other = new OtherProcess()
  const { backend: second } = await other.open({ path })
  await second.bus.subscribe('channel of nobody else', () => {})
  const ended = once(other.child, 'exit')
  other.child.kill('SIGKILL')
  await ended
  stayAlive(t)
  await open(t, { path }).bus.subscribe('channel', () => {})
  const sockets = (): string[] => readdirSync(folder).filter((name) => name.startsWith('holdfast-'))
  while (sockets().length > 1) await turn()
  t.equal(sql(path, 'SELECT * FROM listeners').length, 1)
})

t.test('a process whose socket was removed listens anew', async (t) => {
  const { path } = place(t)
  const bus = watchful(t, path)
  stayAlive(t)
  await bus.subscribe('channel', () => {})
  const [{ socket }] = sql(path, 'SELECT socket FROM listeners') as [{ socket: string }]
  rmSync(socketOf(socket, path))
  const sender = open(t, { path })
  while (await sender.bus.publish('channel', bytes('a')) === 0) await turn()
  await bus.close()
})

t.test('the socket of another user gets nothing', { skip: process.getuid?.() !== 0 }, async (t) => {
  const { folder, remove } = makeFolder()
  t.teardown(remove)
  const address = join(folder, 'socket')
  let heard = 0
  const server = createServer(() => { heard++ }).listen(address)
  await once(server, 'listening')
  chownSync(address, 65534, 65534)
  await t.rejects(new Peers(() => 'token').send(address, 'channel', bytes('a')), { code: 'ENOENT' })
  t.equal(heard, 0)
  server.close()
})

t.test('closing leaves no listener and no socket', async (t) => {
  const { folder, path } = place(t)
  const [backend, other] = [open(t, { path }), open(t, { path })]
  const leave = await other.bus.subscribe('channel', () => {})
  t.equal(readdirSync(folder).filter((name) => name.startsWith('holdfast-')).length, 1)
  await other.close()
  for (let i = 0; i < 2; i++) await leave()
  t.equal(await backend.bus.publish('channel', bytes('a')), 0)
  t.strictSame(readdirSync(folder).filter((name) => name.startsWith('holdfast-')), [])
})

t.test('a path that is too long for a socket has it in the temporary folder', async (t) => {
  const folder = join(place(t).folder, 'x'.repeat(100))
  const mailbox = new Mailbox(join(folder, 'a.db'), () => 'token', () => {})
  const socket = socketOf(mailbox.name, join(folder, 'a.db'))
  t.notOk(socket.startsWith(folder))
  await mailbox.open()
  t.ok(existsSync(socket))
  await mailbox.close()
})

/** A bus that looks after its listeners all the time. */
function watchful (t: Test, path: string): SqliteBus {
  const settings = readOptions({ path, onWarning: (warning) => { t.fail(warning.message) } })
  const connection = new Connection(settings)
  t.teardown(() => { connection.close() })
  const turns = new Turns(connection, new Durability(connection, false, () => {}), () => undefined)
  return new SqliteBus(connection, turns, settings.onWarning, 5)
}

/** Sockets keep no process alive. */
function stayAlive (t: Test): void {
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => { clearInterval(alive) })
}

/** A mailbox with a token, and what arrives there. */
async function mailbox (t: Test): Promise<{ address: string, heard: string[], arrival: () => Promise<void> }> {
  const heard: string[] = []
  let arrived = (): void => {}
  const { path } = place(t)
  const box = new Mailbox(path, () => 'token', (channel, message) => {
    heard.push(`${channel}: ${message.toString()}`)
    arrived()
  })
  await box.open()
  t.teardown(async () => { await box.close() })
  const arrival = async (): Promise<void> => { await new Promise<void>((resolve) => { arrived = resolve }) }
  return { address: socketOf(box.name, path), heard, arrival }
}

t.test('nobody without the token is heard', async (t) => {
  const { address, heard } = await mailbox(t)
  const intruders: Buffer[] = [
    toFrame('', bytes('wrong')), toFrame('', bytes('tokem')), toFrame('channel', bytes('token')),
    Buffer.alloc(8, 0xff), toFrame('', Buffer.alloc(4000)).subarray(0, 2000),
    Buffer.concat([toFrame('', bytes('')), toFrame('channel', bytes('message'))])
  ]
  for (const sent of intruders) {
    const socket: Socket = connect(address)
    socket.on('error', () => {})
    socket.write(sent)
    await once(socket.resume(), 'close')
  }
  t.strictSame(heard, [])
})

t.test('messages of one process arrive in their order, however they are cut', async (t) => {
  const { address, heard, arrival } = await mailbox(t)
  const socket = connect(address)
  const sent = Buffer.concat([
    toFrame('', bytes('token')), toFrame('a', bytes('')), toFrame('ü', bytes('two')),
    toFrame('c', Buffer.alloc(3000, 'x'))
  ])
  for (let i = 0; i < sent.length; i += 5) socket.write(sent.subarray(i, i + 5))
  while (heard.length < 3) await arrival()
  t.strictSame(heard, ['a: ', 'ü: two', `c: ${'x'.repeat(3000)}`])
  socket.destroy()
})

t.test('a frame that is too long is refused', async (t) => {
  const reader = new FrameReader(() => { t.fail('a frame') })
  t.throws(() => { reader.push(Buffer.from([1, 0, 0, 0, 0, 0, 0, 0x10])) }, RangeError)
})

t.test('a process that does not read misses messages, and holds up nobody', async (t) => {
  const { folder, remove } = makeFolder()
  t.teardown(remove)
  const address = join(folder, 'socket')
  const server = createServer((socket) => { socket.pause() }).listen(address)
  await once(server, 'listening')
  const peers = new Peers(() => 'token')
  const message = Buffer.alloc(2 ** 20)
  let sent = 0
  while (await peers.send(address, 'channel', message)) t.ok(++sent < 100, 'what waits is bounded')
  t.ok(sent > 10)
  peers.close()
  server.close()
})

t.test('a message that is on its way while the backend closes is not sent', async (t) => {
  const { address } = await mailbox(t)
  stayAlive(t)
  const peers = new Peers(() => 'token')
  const sending = peers.send(address, 'channel', bytes('a'))
  peers.close()
  t.equal(await sending, false)
})

t.test('a process that cannot be reached is reported, and not forgotten', async (t) => {
  const { path } = place(t)
  const warnings: Error[] = []
  const backend = open(t, { path, onWarning: (warning) => { warnings.push(warning) } })
  await backend.ping()
  sql(path, `INSERT INTO listeners VALUES ('channel', '${path}/no-folder', 1) RETURNING *`)
  for (const message of ['a', 'b']) t.equal(await backend.bus.publish('channel', bytes(message)), 0)
  t.match(warnings, [{ code: 'SQLITE_UNREACHED' }])
  t.equal(warnings.length, 1, 'once')
  t.equal(sql(path, 'SELECT * FROM listeners').length, 1)
})

t.test('a process that does not read is reported once, until it reads again', async (t) => {
  const { path } = place(t)
  const warnings: Error[] = []
  const backend = open(t, { path, onWarning: (warning) => { warnings.push(warning) } })
  const sockets: Socket[] = []
  const name = nameFor(path)
  const server = createServer((socket) => { sockets.push(socket.pause()) }).listen(socketOf(name, path))
  t.teardown(() => { server.close() })
  await backend.ping()
  sql(path, `INSERT INTO listeners VALUES ('channel', '${name}', 1) RETURNING *`)
  const send = async (): Promise<number> => await backend.bus.publish('channel', Buffer.alloc(2 ** 20))
  const fill = async (): Promise<void> => { while (await send() > 0); }
  await fill()
  await send()
  t.match(warnings, [{ code: 'SQLITE_UNREACHED' }])
  t.equal(warnings.length, 1, 'once')
  sockets[0]?.resume()
  while (await send() === 0) await turn()
  sockets[0]?.pause()
  await fill()
  t.equal(warnings.length, 2)
  sockets[0]?.destroy()
})

t.test('a process that was taken for dead tells its channels again', async (t) => {
  const { path } = place(t)
  const bus = watchful(t, path)
  stayAlive(t)
  const heard = new Promise((resolve) => { void bus.subscribe('channel', resolve) })
  const sender = open(t, { path })
  while (await sender.bus.publish('channel', bytes('a')) === 0) await turn()
  await heard
  sql(path, 'DELETE FROM listeners RETURNING *')
  while (await sender.bus.publish('channel', bytes('b')) === 0) await turn()
  await bus.close()
  for (const call of [() => bus.publish('channel', bytes('c')), () => bus.subscribe('channel', () => {})]) {
    await t.rejects(call() as Promise<unknown>, { code: 'SQLITE_CLOSED' })
  }
})

t.test('containers may see the folder at different paths', async (t) => {
  const { folder, path } = place(t)
  const elsewhere = join(place(t).folder, 'linked')
  stayAlive(t)
  symlinkSync(folder, elsewhere)
  const [one, other] = [open(t, { path }), open(t, { path: join(elsewhere, 'sessions.db') })]
  const heard = new Promise((resolve) => { void other.bus.subscribe('channel', resolve) })
  while (await one.bus.publish('channel', bytes('a')) === 0) await turn()
  t.strictSame(await heard, bytes('a'))
  t.notMatch(JSON.stringify(sql(path, 'SELECT socket FROM listeners')), 'linked')
})

t.test('a subscription that cannot be stored is none', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, onWarning: () => {} })
  await backend.ping()
  sql(path, 'DROP TABLE listeners')
  let heard = 0
  await t.rejects(backend.bus.subscribe('channel', () => { heard++ }), { code: 'SQLITE_FAILED' })
  await t.rejects(backend.bus.publish('channel', bytes('a')), { code: 'SQLITE_FAILED' })
  t.equal(heard, 0)
})

t.test('a listener that leaves while a message is delivered does not get it', async (t) => {
  const backend = open(t, { path: place(t).path })
  const leaving: Array<() => Promise<void>> = []
  let heard = 0
  await backend.bus.subscribe('channel', () => { heard++; void leaving[0]?.() })
  leaving.push(await backend.bus.subscribe('channel', () => { t.fail('heard') }))
  t.equal(await backend.bus.publish('channel', bytes('a')), 1)
  t.equal(heard, 1)
})

t.test('a mailbox that cannot be opened says so, and may be opened later', async (t) => {
  const box = new Mailbox('/nowhere/a.db', () => 'token', () => {})
  for (let attempt = 0; attempt < 2; attempt++) await t.rejects(box.open(), { code: 'EACCES' })
  await box.close()
})

t.test('a frame is read in whatever pieces it comes', async (t) => {
  const read: string[] = []
  const reader = new FrameReader((channel, message) => { read.push(`${channel}: ${message.toString()}`) })
  const sent = Buffer.concat([toFrame('a', bytes('one')), toFrame('b', bytes(''))])
  for (const byte of sent) reader.push(Buffer.from([byte]))
  reader.push(sent)
  t.strictSame(read, ['a: one', 'b: ', 'a: one', 'b: '])
})

t.test('on Windows a mailbox is a pipe', async (t) => {
  t.match(nameFor('C:\\data\\x.db', 'win32'), /^\\\\\.\\pipe\\holdfast-[0-9a-f]{12}$/)
})
