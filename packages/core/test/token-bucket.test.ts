import t from 'tap'
import { TokenBucket } from '../dist/token-bucket.js'

t.test('a token bucket lets through what its rate allows, and no more than a second\'s worth at once', async (t) => {
  let now = 5_000
  const bucket = new TokenBucket(4, () => now)
  const taken = (attempts: number) => Array.from({ length: attempts }, () => bucket.take()).filter(Boolean).length
  t.equal(taken(9), 4)
  now += 249
  t.equal(taken(9), 0)
  now += 1
  t.equal(taken(9), 1)
  now += 3_600_000
  t.equal(taken(9), 4)
})
