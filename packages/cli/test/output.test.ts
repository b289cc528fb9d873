import t from 'tap'
import { padded, table } from '../dist/output.js'

t.test('columns stay in line beside wide letters, emoji and marks that take no place', async (t) => {
  t.equal(table([['漢字', 'x'], ['abcd', 'y'], ['🦑', 'z'], ['e\u0301', 'w']]), [
    '漢字  x', 'abcd  y', '🦑    z', 'e\u0301     w'
  ].join('\n'))
})

t.test('a text that is too wide stays whole', async (t) => {
  t.equal(padded('漢字', 3), '漢字')
})
