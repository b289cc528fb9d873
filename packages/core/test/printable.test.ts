import t from 'tap'
import { printable, printableTexts } from '../dist/index.js'

t.test('what is shown of a text is one short line that is what it looks like', async (t) => {
  t.equal(printable('Claude Desktop é 会'), 'Claude Desktop é 会')
  t.equal(printable('a\r\nb\u001b[31mc\u2028d\u202ee\ud800'), 'a��b�[31mc�d�e�')
  t.equal(printable('a'.repeat(100)).length, 64)
  t.equal(printable('abc', 2), 'ab')
})

t.test('of several things, the texts', async (t) => {
  t.strictSame(printableTexts({ name: 'a\nb', version: 2, title: undefined, other: 'c'.repeat(65) }), {
    name: 'a\ufffdb', other: 'c'.repeat(64)
  })
  t.strictSame(printableTexts({ subject: 'd'.repeat(300) }, 256), { subject: 'd'.repeat(256) })
})
