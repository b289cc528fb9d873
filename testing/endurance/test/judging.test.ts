import t from 'tap'
import { Account } from '../dist/account.js'
import { CanarySearch } from '../dist/canary-search.js'
import { median, percentile } from '../dist/latency.js'
import { answerIn } from '@holdfast/clients/send'
import { Trial } from '../dist/trial.js'

t.test('an account is right when every acknowledged increment was counted once', async t => {
  const account = new Account()
  account.begin().counted(1)
  const [one, two] = [account.begin(), account.begin()]
  two.counted(2)
  one.counted(3)
  account.begin().unclear()
  account.begin().notSent()
  account.begin().counted(5)
  account.close(5)
  t.strictSame(account.wrong, [])
  t.match(account, { acknowledged: 4, unclear: 1 })
})

const WRONG: Record<string, [total: number, says: RegExp, totals: number[]]> = {
  'a total that falls back': [2, /lost: a total of 1 after 1/, [1, 1]],
  'a total that jumps': [3, /doubled: a total of 3 where at most 2/, [1, 3]],
  'fewer at the end': [1, /lost: the total is 1 after 2/, [1, 2]],
  'more at the end': [4, /doubled: the total is 4 after 2 acknowledged and 0 unclear/, [1, 2]]
}
for (const [what, [total, says, totals]] of Object.entries(WRONG)) {
  t.test(`an account notices ${what}`, async t => {
    const account = new Account()
    for (const told of totals) account.begin().counted(told)
    account.close(total)
    t.match(account.wrong.join('\n'), says)
  })
}

t.test('an account notices two increments at the same time that were told the same total', async t => {
  const account = new Account()
  const [one, two] = [account.begin(), account.begin()]
  one.counted(1)
  two.counted(1)
  t.match(account.wrong, [/lost: two increments were told the total 1/])
})

t.test('a canary is found as text, hexadecimal and base64, wherever it begins, and nothing else is', async t => {
  const canary = 'canary-0123456789'
  const search = new CanarySearch(new Map([['it', canary]]))
  const places = [
    canary,
    Buffer.from(`..${canary}..`).toString('hex'),
    ...['', '.', '..', '...'].flatMap(before => (['base64', 'base64url'] as const).map(how =>
      Buffer.from(`${before}${canary}..`).toString(how)))
  ]
  for (const place of places) t.ok(search.found(Buffer.from(`<${place}>`)).length > 0, place)
  t.strictSame(search.found(Buffer.from('canary-012345678 and none')), [])
  t.strictSame(search.found(Buffer.alloc(3)), [])
})

t.test('percentiles, answers and volumes', async t => {
  const numbers = Array.from({ length: 100 }, (_, n) => 100 - n)
  t.equal(percentile(numbers, 0.99), 100)
  t.equal(median([3, 1, 2]), 2)
  t.strictSame(answerIn('{"id":1,"result":{}}'), { id: 1, result: {} })
  const stream = 'id: a\ndata: \n\nevent: message\ndata: {"method":"m"}\n\ndata: {"id":1,"error":{}}\n\n'
  t.strictSame(answerIn(stream), { id: 1, error: {} })
  const lines: string[] = []
  const trial = new Trial(0.1, line => lines.push(line))
  t.strictSame([trial.volume(100), trial.volume(1), trial.volume(10, 5)], [10, 1, 5])
  for (const done of [1, 2, 5, 5, 12]) trial.progress(done, 10, `${done}`)
  t.strictSame(lines.map(line => line.trim().split(/ +/).at(-1)), ['1', '2', '5', '12'])
})

t.test('whatever was begun is ended, the last first, also when an end fails', async t => {
  const ended: number[] = []
  const trial = new Trial(1, () => {})
  trial.defer(() => ended.push(1))
  trial.defer(() => { throw new Error('stuck') })
  trial.defer(async () => ended.push(3))
  await t.rejects(trial.end(), { errors: [{ message: 'stuck' }] })
  t.strictSame(ended, [3, 1])
})
