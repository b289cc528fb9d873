import assert from 'node:assert/strict'
import { group } from './group.js'
import { Inbox } from './inbox.js'
import { newName } from './names.js'
import { bytes, hex } from './trial.js'

export const bus = group('bus', {
  'a message reaches every subscriber of its channel and no other': async (t) => {
    const [channel, other] = [newName(), newName()]
    const [one, two, elsewhere, far] = [new Inbox(), new Inbox(), new Inbox(), new Inbox()]
    await t.bus.subscribe(channel, one.listener)
    await t.bus.subscribe(channel, two.listener)
    await t.second.bus.subscribe(channel, far.listener)
    await t.bus.subscribe(other, elsewhere.listener)
    assert.ok(await t.bus.publish(channel, bytes('hello')) >= 1)
    for (const inbox of [one, two, far]) await inbox.expect(t, 'hello')
    await t.second.bus.publish(other, bytes('there'))
    await elsewhere.expect(t, 'there')
    for (const inbox of [one, two, far]) await inbox.expect(t, 'hello')
  },

  'publish says when nobody listens': async (t) => {
    assert.equal(await t.bus.publish(newName(), bytes('hello')), 0)
  },

  'publish counts a subscriber, even at another connection': async (t) => {
    const channel = newName()
    const unsubscribe = await t.second.bus.subscribe(channel, () => {})
    assert.equal(await t.bus.publish(channel, bytes('hello')), 1)
    await unsubscribe()
    assert.equal(await t.bus.publish(channel, bytes('hello')), 0)
  },

  'messages arrive byte for byte': async (t) => {
    const channel = newName()
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    const sent = [new Uint8Array(0), all, all.subarray(65, 70)]
    const inbox = new Inbox()
    const received: Uint8Array[] = []
    await t.bus.subscribe(channel, (message) => {
      received.push(message)
      inbox.listener(bytes('one'))
    })
    for (const message of sent) await t.bus.publish(channel, message)
    await inbox.expect(t, 'one', 'one', 'one')
    assert.deepEqual(received.map(hex).toSorted(), sent.map(hex).toSorted())
  },

  'a listener that unsubscribed gets nothing, the others still do': async (t) => {
    const channel = newName()
    const [leaving, staying] = [new Inbox(), new Inbox()]
    const unsubscribe = await t.bus.subscribe(channel, leaving.listener)
    await t.bus.subscribe(channel, staying.listener)
    await t.bus.publish(channel, bytes('first'))
    await leaving.expect(t, 'first')
    await unsubscribe()
    await t.bus.publish(channel, bytes('second'))
    await staying.expect(t, 'first', 'second')
    await leaving.expect(t, 'first')
  },

  'one listener on two channels gets both, and unsubscribes from each by itself': async (t) => {
    const [one, two] = [newName(), newName()]
    const inbox = new Inbox()
    const leave = await t.bus.subscribe(one, inbox.listener)
    await t.bus.subscribe(two, inbox.listener)
    await t.bus.publish(one, bytes('one'))
    await inbox.expect(t, 'one')
    await leave()
    await t.bus.publish(two, bytes('two'))
    await inbox.expect(t, 'one', 'two')
  },

  'a listener that throws stops neither the others nor the publisher': async (t) => {
    const channel = newName()
    const [before, after] = [new Inbox(), new Inbox()]
    await t.bus.subscribe(channel, before.listener)
    await t.bus.subscribe(channel, () => { throw new Error('thrown by a listener of the contract suite') })
    await t.bus.subscribe(channel, after.listener)
    await t.bus.publish(channel, bytes('hello'))
    for (const inbox of [before, after]) await inbox.expect(t, 'hello')
    await t.bus.publish(channel, bytes('again'))
    for (const inbox of [before, after]) await inbox.expect(t, 'hello', 'again')
  },

  'what a listener or the publisher does to a message changes it for nobody': async (t) => {
    const channel = newName()
    const inbox = new Inbox()
    await t.bus.subscribe(channel, (message) => { message.fill(0) })
    await t.bus.subscribe(channel, inbox.listener)
    const message = bytes('hello')
    const published = t.bus.publish(channel, message)
    message.fill(0)
    await published
    await inbox.expect(t, 'hello')
  }
})
