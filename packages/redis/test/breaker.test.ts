import t from 'tap'
import { Breaker } from '../dist/breaker.js'

class Clock { time = 0 }

function failing (times: number): { clock: Clock, breaker: Breaker } {
  const clock = new Clock()
  const breaker = new Breaker(() => clock.time)
  for (let i = 0; i < times; i++) breaker.failed('REDIS_TIMEOUT')
  return { clock, breaker }
}

t.test('a few failures do not open the breaker', async (t) => {
  const { breaker } = failing(4)
  breaker.admit()
  breaker.answered()
  for (let i = 0; i < 4; i++) breaker.failed('REDIS_TIMEOUT')
  t.doesNotThrow(() => { breaker.admit() })
})

t.test('after five failures in a row, calls fail at once with the error of the last one', async (t) => {
  const { breaker } = failing(4)
  breaker.failed('REDIS_AUTH')
  t.throws(() => { breaker.admit() }, { name: 'RedisError', code: 'REDIS_AUTH' })
})

t.test('every half second one call is let through', async (t) => {
  const { clock, breaker } = failing(5)
  clock.time = 499
  t.throws(() => { breaker.admit() }, { code: 'REDIS_TIMEOUT' })
  clock.time = 500
  t.doesNotThrow(() => { breaker.admit() })
  t.throws(() => { breaker.admit() }, { code: 'REDIS_TIMEOUT' }, 'one only')
  breaker.failed('REDIS_TIMEOUT')
  clock.time = 999
  t.throws(() => { breaker.admit() }, { code: 'REDIS_TIMEOUT' })
  clock.time = 1000
  t.doesNotThrow(() => { breaker.admit() })
})

t.test('one answer closes the breaker', async (t) => {
  const { clock, breaker } = failing(9)
  clock.time = 500
  breaker.admit()
  breaker.answered()
  for (let i = 0; i < 3; i++) t.doesNotThrow(() => { breaker.admit() })
})

t.test('one time-out opens the breaker when no other call was answered meanwhile', async (t) => {
  const { clock, breaker } = failing(0)
  clock.time = 100
  breaker.answered()
  t.equal(breaker.timedOut(90), false)
  t.doesNotThrow(() => { breaker.admit() })
  clock.time = 700
  t.equal(breaker.timedOut(150), true)
  breaker.failed('REDIS_TIMEOUT')
  clock.time = 1199
  t.throws(() => { breaker.admit() }, { code: 'REDIS_TIMEOUT' })
  clock.time = 1200
  t.doesNotThrow(() => { breaker.admit() })
})
