import t from 'tap'
import { EndedStories } from '../dist/parked/ended-stories.js'
import { ADA, BOB, type Replica, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { accepted, ask, text, v1 } from './fixtures/servers.js'

const answer = { who: accepted('me') }
const createServer = v1({ ask: async scene => (await ask(scene, 'Who?', 'who')).content.value })

/** Asks and answers, and gives what was asked. */
async function asked (replica: Replica, principal: typeof ADA | null): Promise<any> {
  const question = await replica.do('ask', { principal })
  t.equal(text(await replica.do('ask', { principal, ...retryOf(question, answer) })), 'me')
  return question
}

t.test('an owner who has had its share of stories goes on, at the price of its oldest ended one', async (t) => {
  const { first } = await fleet(t, { createServer, maxParked: 100, maxParkedPerOwner: 1 })
  const others = await asked(first, BOB)
  const questions = []
  for (let i = 0; i < 12; i++) questions.push(await asked(first, ADA))
  const again = async (question: any, principal = ADA): Promise<any> =>
    await first.do('ask', { principal, ...retryOf(question, answer) })
  const gone = { error: { code: -32603, message: /it may have run/ } }
  t.match(await again(questions[0]), gone)
  t.match(await again(questions[1]), gone)
  t.equal(text(await again(questions[2])), 'me')
  t.equal(text(await again(questions[11])), 'me')
  t.equal(text(await again(others, BOB)), 'me', 'that of somebody else stays')
})

t.test('the ended stories of one process leave room for those of another one', async (t) => {
  const { first, second } = await fleet(t, { createServer, maxParked: 100, maxParkedPerOwner: 1, replicas: 2 })
  for (let i = 0; i < 110; i++) await asked(first, ADA)
  await asked(second, ADA)
  const { records } = first.sessions.vault.backend.partition('calls')
  t.equal(await records.count(), 11, 'ten there, one here')
})

t.test('where many processes have all the stories that an owner may have, its oldest one here goes', async (t) => {
  const { first, replicas } = await fleet(t, { createServer, maxParked: 100, maxParkedPerOwner: 1, replicas: 10 })
  for (const replica of replicas) for (let i = 0; i < 10; i++) await asked(replica, ADA)
  const { records } = first.sessions.vault.backend.partition('calls')
  t.equal(await records.count(), 100)
  await asked(first, ADA)
  t.equal(await records.count(), 100)
})

t.test('a story that cannot be removed now disturbs no call, and ends by itself', async (t) => {
  const { first } = await fleet(t, { createServer, maxParked: 100, maxParkedPerOwner: 1 })
  for (let i = 0; i < 10; i++) await asked(first, ADA)
  first.backend.failing.add('records.remove')
  await asked(first, ADA)
  first.backend.failing.clear()
  await asked(first, ADA)
  const { records } = first.sessions.vault.backend.partition('calls')
  t.equal(await records.count(), 11)
})

t.test('a story that still waits never makes room', async (t) => {
  const { first } = await fleet(t, { createServer, maxParked: 1_000, maxParkedPerOwner: 10, maxLive: 1_000 })
  const waiting = await first.do('ask', { principal: ADA })
  for (let i = 0; i < 110; i++) await asked(first, ADA)
  t.equal(text(await first.do('ask', { principal: ADA, ...retryOf(waiting, answer) })), 'me')
})

t.test('callers without a principal cannot use up the stories of all', async (t) => {
  const { first } = await fleet(t, { createServer, maxParked: 1, maxParkedPerOwner: 1 })
  const own = await asked(first, ADA)
  for (let i = 0; i < 99; i++) await asked(first, null)
  await asked(first, BOB)
  await asked(first, null)
  t.equal(text(await first.do('ask', { principal: ADA, ...retryOf(own, answer) })), 'me')
})

t.test('stories are forgotten when their time is over', t => {
  const stories = new EndedStories(100, { perOwner: 9, ofNobody: 9 })
  stories.add({ key: 'a' as never, owner: 'x' }, 0)
  stories.add({ key: 'b' as never, owner: 'y' }, 50)
  stories.add({ key: 'c' as never, owner: 'x' }, 100)
  t.equal(stories.size, 2)
  t.equal(stories.take('x'), 'c')
  t.equal(stories.take('x'), undefined)
  stories.add({ key: 'd' as never, owner: 'x' }, 150)
  t.equal(stories.size, 1)
  t.equal(stories.take('y'), undefined)
  t.end()
})

t.test('at its cap, the oldest story of an owner goes; where all have too many, one of nobody, else the oldest', t => {
  const stories = new EndedStories(100, { perOwner: 1, ofNobody: 2 })
  const add = (key: string, owner: string): unknown => stories.add({ key: key as never, owner }, 0)
  t.strictSame([add('a', 'x'), add('b', 'y'), add('c', 'x'), add('d', ''), add('e', ''), add('f', '')],
    [undefined, undefined, 'a', undefined, undefined, 'd'])
  t.strictSame([stories.takeAny(), stories.takeAny(), stories.takeAny(), stories.takeAny(), stories.takeAny()],
    ['e', 'f', 'b', 'c', undefined])
  t.end()
})
