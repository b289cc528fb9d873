/** Control characters, line separators, lone surrogates, and what is invisible or turns text around: one line could look like two, or like another. */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** What a log or a terminal may show of a text that somebody else chose. `longest` in UTF-16 units. */
export function printable (text: string, longest = 64): string {
  return text.slice(0, longest).replace(DECEPTIVE, '\ufffd')
}
