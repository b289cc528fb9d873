import t from 'tap'
import { type Duration, InvalidOptionError, milliseconds } from '../dist/index.js'

t.test('a number is milliseconds, a string has its unit', async (t) => {
  const cases: Array<[Duration, number]> = [
    [1, 1], [250, 250], [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['250ms', 250], ['30s', 30_000], ['15m', 900_000], ['24h', 86_400_000], ['7d', 604_800_000], ['007s', 7_000]
  ]
  for (const [given, expected] of cases) t.equal(milliseconds(given, 'ttl.idle'), expected, String(given))
})

t.test('everything else is an error that names the option, not a default', async (t) => {
  for (const wrong of [
    0, -1, 1.5, NaN, Infinity, 2 ** 53,
    '', '0s', '-1s', '1.5s', '10', 'ms', ' 1s', '1s ', '1s\n', '1 s', '1S', '1w', '1e3s', '٣s', '999999999999d',
    '1234567890123ms',
    null, undefined, true, 5n, [5], ['5s'], {}, new Date(5)
  ]) {
    t.throws(
      () => milliseconds(wrong as Duration, 'ttl.idle'),
      { code: 'HOLDFAST_INVALID_OPTION', path: 'ttl.idle', message: /^ttl\.idle: / },
      String(wrong)
    )
  }
})

t.test('the error is misuse', async (t) => {
  t.throws(() => milliseconds('soon', 'retry'), InvalidOptionError)
})
